/**
 * Gathers what is written to a socket in one turn of the event loop into one system call. A websocket
 * library writes every frame at once, a header and a payload; under load most of a relay's time went there.
 * Knows nothing of frames.
 */
import type { Writable } from 'node:stream';

/** Holds writes back from the first `cork` of a turn until the turn ends. `end` still writes everything. */
export function coalesceWrites(socket: Pick<Writable, 'cork' | 'uncork'>): void {
  const cork = socket.cork.bind(socket);
  let holding = false;
  const release = () => {
    holding = false;
    socket.uncork();
  };
  socket.cork = () => {
    if (!holding) {
      holding = true;
      cork();
      setImmediate(release);
    }
    cork();
  };
}
