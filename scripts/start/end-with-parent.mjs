/**
 * Loaded before a child's own code: the child ends when its parent does, however that happened. The
 * channel between them closes even when the parent was killed.
 */

/** Longer than a relay may take to drain. */
const patienceMs = 15_000;

process.on('disconnect', () => {
  process.kill(process.pid, 'SIGTERM');
  setTimeout(() => process.exit(1), patienceMs).unref();
});
// Listening must not keep a child alive that has nothing else to do.
process.channel?.unref();
