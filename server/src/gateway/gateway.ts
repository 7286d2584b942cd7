/**
 * The live side of the relay: Socket.IO over websockets, one connection per device. Wires sockets
 * to connections; what a connection does is in `connection.ts`.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server as HttpServer } from 'node:http';
import type { Duplex } from 'node:stream';
import type { DeviceAddress, SocketHandshake } from '@sotto/sdk/wire';
import { Server, type Socket } from 'socket.io';
import { noMeter, type Meter } from '../metrics/meter.js';
import { noOtherNodes, type NodeExchange } from '../nodes/node-exchange.js';
import type { ConnectedDevices } from '../ports.js';
import { within } from '../within.js';
import { boundedParser } from './bounded-parser.js';
import { coalesceWrites } from './coalesced-writes.js';
import {
  Connection,
  type ConnectionHooks,
  type ConnectionPeer,
  type ConnectionSocket,
} from './connection.js';
import { ConnectionRegistry } from './connection-registry.js';
import {
  authenticate,
  lookAgain,
  overloadedProblem,
  unavailableProblem,
  type HandshakeError,
} from './handshake.js';
import { NodeSide } from './node-side.js';
import { gatewayLimits, type GatewayLimits } from './limits.js';
import type { GatewayServices } from './services.js';

/** Where the websocket is. */
export const socketPath = '/v1/socket';

/** Options of {@link createGateway}. */
export interface GatewayOptions extends Omit<GatewayServices, 'bounds' | 'nodes' | 'meter' | 'overloaded'> {
  /** The other nodes. Default: there are none. Closing them stays the caller's. */
  readonly nodes?: NodeExchange;
  readonly meter?: Meter;
  /** Whether new connections and sends are to be turned away. Default: never. */
  readonly overloaded?: () => boolean;
  /** Gets the websocket upgrades of {@link socketPath}. Listening and closing stay the caller's. */
  readonly httpServer: HttpServer;
  /** Overrides of {@link gatewayLimits}. */
  readonly bounds?: Partial<GatewayLimits>;
  /** The peer's network address, for limits. Default: the socket's, which behind a proxy is the proxy's. */
  readonly addressOf?: (request: IncomingMessage) => string;
}

/** The running gateway. */
export interface Gateway extends ConnectedDevices {
  /** Devices connected to this process. */
  readonly connections: number;
  /** Joins the other nodes, before the first connection. Without others nothing happens. Called once. */
  start(): Promise<void>;
  /** The device's mailbox may hold something new. No connection is fine. */
  ring(device: DeviceAddress): void;
  /**
   * Takes no new connection and no new send, lets sends under way finish (up to 10 s), then says
   * goodbye to everyone. Resolves when all connections are gone, or 2 s after the goodbye. Idempotent.
   */
  drain(): Promise<void>;
  /** Ends what is left at once. The HTTP server stays open. Idempotent. */
  close(): Promise<void>;
}

/** Opens the gateway on an HTTP server. */
export function createGateway(options: GatewayOptions): Gateway {
  return new SocketIoGateway(options);
}

function openServer(httpServer: HttpServer, bounds: GatewayLimits, admits: () => boolean): Server {
  return new Server(httpServer, {
    path: socketPath,
    transports: ['websocket'],
    allowUpgrades: false,
    serveClient: false,
    perMessageDeflate: false,
    httpCompression: false,
    parser: boundedParser(bounds),
    maxHttpBufferSize: bounds.maxFrameBytes,
    connectTimeout: bounds.connectTimeoutMs,
    pingInterval: bounds.pingIntervalMs,
    pingTimeout: bounds.pingTimeoutMs,
    allowRequest: (_request, decide) => decide(null, admits()),
  });
}

function connectionSocket(socket: Socket): ConnectionSocket {
  return {
    emit: (event, payload) => {
      if (payload === undefined) socket.emit(event);
      else socket.emit(event, payload);
    },
    end: () => socket.disconnect(true),
  };
}

function standIns(): Pick<GatewayServices, 'nodes' | 'meter' | 'overloaded'> {
  return { nodes: noOtherNodes(), meter: noMeter, overloaded: () => false };
}

class SocketIoGateway implements Gateway {
  readonly #services: GatewayServices;
  readonly #addressOf: (request: IncomingMessage) => string;
  readonly #server: Server;
  readonly #registry = new ConnectionRegistry();
  readonly #side: NodeSide;
  /** Requests that were not answered yet, also those of connections that have closed. */
  readonly #underWay = new Set<Promise<void>>();
  readonly #hooks: ConnectionHooks;
  #draining: Promise<void> | undefined;
  #closed = false;

  constructor({ httpServer, bounds, addressOf, ...given }: GatewayOptions) {
    this.#services = { ...standIns(), ...given, bounds: { ...gatewayLimits, ...bounds } };
    this.#side = new NodeSide(this.#registry, this.#services);
    this.#addressOf = addressOf ?? ((request) => request.socket.remoteAddress ?? 'unknown');
    this.#hooks = {
      delivered: (deliveries) => this.#side.delivered(deliveries),
      draining: () => this.#draining !== undefined,
    };
    httpServer.prependListener('upgrade', (_request, socket: Duplex) => coalesceWrites(socket));
    this.#server = openServer(httpServer, this.#services.bounds, () => this.#admits());
    this.#server.use((socket, next) => void this.#authenticate(socket, next));
    this.#server.on('connection', (socket) => this.#connected(socket));
  }

  get connections(): number {
    return this.#registry.size;
  }

  ring(device: DeviceAddress): void {
    this.#registry.find(device)?.ring();
  }

  start(): Promise<void> {
    return this.#side.start();
  }

  signOut(device: DeviceAddress): void {
    this.#side.signOut(device);
  }

  keysLow(device: DeviceAddress): void {
    this.#side.keysLow(device);
  }

  drain(): Promise<void> {
    this.#draining ??= this.#drain();
    return this.#draining;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#side.stop();
    this.#server.disconnectSockets(true);
    this.#server.engine.close();
  }

  #admits(): boolean {
    const { bounds, meter } = this.#services;
    if (this.#server.engine.clientsCount >= bounds.maxConnections + bounds.maxRefusalsUnderWay) {
      meter.shed('connections');
      return false;
    }
    return this.#draining === undefined && !this.#closed;
  }

  async #authenticate(socket: Socket, next: (error?: Error) => void): Promise<void> {
    try {
      const address = this.#addressOf(socket.request);
      this.#refuseTooMany();
      this.#refuseOverload();
      const claims = await authenticate(socket.handshake.auth, address, randomUUID(), this.#services);
      // Asked after the token: the drain may have begun meanwhile.
      if (this.#draining) throw unavailableProblem(this.#services.bounds.drainRetryAfterMs);
      const { accountId, deviceId } = claims;
      socket.data = { device: { accountId, deviceId }, address } satisfies ConnectionPeer;
      next();
    } catch (error) {
      next(error as Error);
      // After the refusal is out: who was refused has nothing more to say on this websocket.
      setImmediate(() => socket.conn.close());
    }
  }

  /** Whoever is one too many hears so in words; its own websocket is among those that count. */
  #refuseTooMany(): void {
    const { bounds, meter } = this.#services;
    if (this.#server.engine.clientsCount <= bounds.maxConnections) return;
    meter.shed('connections');
    throw unavailableProblem(bounds.fullRetryAfterMs);
  }

  /** Before the token: checking it is work too. */
  #refuseOverload(): void {
    if (!this.#services.overloaded()) return;
    this.#services.meter.shed('event-loop');
    throw overloadedProblem();
  }

  #connected(socket: Socket): void {
    const connection = new Connection(
      socket.data as ConnectionPeer,
      connectionSocket(socket),
      this.#services,
      this.#hooks,
    );
    // Never calls `next`: a client's event reaches this handler and no listener of any name.
    socket.use((event) => this.#handle(connection, event));
    socket.on('disconnect', () => {
      connection.closed();
      this.#side.left(connection);
    });
    void this.#start(connection, socket.handshake.auth);
  }

  /**
   * Asks for the token once more: a sign-out between the first time and the registry would find nobody to end. Where
   * that cannot be asked now, nobody is told to be signed out: the connection is lost, and its device comes back.
   */
  async #start(connection: Connection, auth: unknown): Promise<void> {
    const look = async () => {
      await this.#side.arrived(connection);
      await this.#services.tokens.verify((auth as SocketHandshake).accessToken);
    };
    try {
      await lookAgain(look, randomUUID(), this.#services);
      connection.start();
    } catch (error) {
      if ((error as HandshakeError).data.code === 'unauthorized') connection.goodbye('signed-out');
      else connection.end();
    }
  }

  #handle(connection: Connection, event: readonly unknown[]): void {
    const work = connection.handle(event);
    this.#underWay.add(work);
    void work.then(() => this.#underWay.delete(work));
  }

  async #drain(): Promise<void> {
    const { drainTimeoutMs, goodbyeTimeoutMs } = this.#services.bounds;
    // Keeps `#draining` set before anything is awaited.
    await Promise.resolve();
    await within(drainTimeoutMs, Promise.all(this.#underWay));
    const gone = this.#allGone();
    this.#registry.goodbyeToAll('draining');
    await within(goodbyeTimeoutMs, gone);
  }

  #allGone(): Promise<void> {
    const { engine } = this.#server;
    return new Promise((resolve) => {
      const check = () => {
        if (engine.clientsCount === 0) resolve();
      };
      for (const socket of this.#server.sockets.sockets.values())
        socket.conn.once('close', () => setImmediate(check));
      check();
    });
  }
}
