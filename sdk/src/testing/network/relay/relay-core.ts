/**
 * The test relay as a whole: puts the duties together and answers requests through the hooks of a
 * test. Knows no client.
 */
import * as z from 'zod/mini';
import type { Clock, Random } from '../../../ports/host.js';
import { randomUuid } from '../../../random.js';
import type { RelayLinkAnswer, StreamEvents, StreamSession } from '../../../transport/memory/index.js';
import type { Scrypt } from '../../../verification/index.js';
import {
  httpOperations,
  makeProblem,
  socketOperations,
  type AcknowledgeRequest,
  type DeviceAddress,
  type HttpOperationName,
  type ProblemDocument,
  type ResumeRequest,
  type ResumeResponse,
  type SendRequest,
  type SocketOperationName,
} from '../../../wire/index.js';
import type { Loss, OperationName, RelayCall, RelayTamper } from '../tamper.js';
import { Accounts, type RelayDevice } from './accounts.js';
import { noteProgress, resumeDevice } from './continuity.js';
import { ExpiringTokens } from './expiring-tokens.js';
import { Gateway, type StreamSource } from './gateway.js';
import { makeOperations, type Caller, type Operations } from './operations.js';
import { ReachTokens } from './reach-tokens.js';
import { Refusal } from './refusal.js';
import { Sends } from './sends.js';
import { Tokens } from './tokens.js';
import type { Wire } from './wire.js';

const nonceTtlMs = 5 * 60_000;
/** As many as a problem document may name. */
const maxFields = 16;

/** What a relay core is made of. */
export interface RelayCoreParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly accessTokenTtlMs: number;
  readonly scrypt?: Scrypt | undefined;
}

type Answer =
  | { readonly ok: true; readonly response: unknown }
  | { readonly ok: false; readonly problem: ProblemDocument };

/** See the header. */
export class RelayCore {
  tamper: RelayTamper = {};
  readonly relayId: string;
  readonly accounts: Accounts;
  readonly tokens: Tokens;
  readonly gateway: Gateway;
  readonly sends: Sends;
  readonly #random: Random;
  readonly #operations: Operations;
  #callCount = 0;

  constructor({ clock, random, accessTokenTtlMs, scrypt }: RelayCoreParts) {
    const host = { clock, random };
    this.#random = random;
    this.relayId = randomUuid(random);
    this.accounts = new Accounts(clock, scrypt);
    this.tokens = new Tokens(host, accessTokenTtlMs);
    this.gateway = new Gateway({
      clock,
      tamper: () => this.tamper,
      authenticate: (accessToken) => this.#authenticate(accessToken).device,
      answer: (operation, payload, from) => this.#answerStream(operation, payload, from),
    });
    const reachTokens = new ReachTokens(host);
    this.#operations = makeOperations({
      relayId: this.relayId,
      clock: host.clock,
      accounts: this.accounts,
      tokens: this.tokens,
      nonces: new ExpiringTokens(host, nonceTtlMs),
      reachTokens,
      gateway: this.gateway,
    });
    this.sends = new Sends({
      ...host,
      accounts: this.accounts,
      reachTokens,
      arrived: ({ address }) => {
        this.gateway.wake(address);
      },
    });
  }

  connect(handshake: unknown, events: StreamEvents, wire: Wire): StreamSession {
    return this.gateway.connect(handshake, events, wire);
  }

  /** Answers a request over HTTP. Rejects when request or reply is lost. */
  async answerHttp(
    operation: HttpOperationName,
    body: unknown,
    accessToken: string | undefined,
  ): Promise<RelayLinkAnswer> {
    const { request, response, maxRequestBytes } = httpOperations[operation];
    const act = async (input: unknown) => {
      const call = {
        input,
        encoded: body as Record<string, unknown>,
        caller: () => this.#authenticate(accessToken),
      };
      // Which handler belongs to which request is what the table says; TypeScript cannot follow the union.
      const handler = this.#operations[operation] as (call: unknown) => unknown;
      if (httpOperations[operation].authentication !== 'none') call.caller();
      return handler(call);
    };
    const tooLarge = JSON.stringify(body).length > maxRequestBytes;
    if (tooLarge) return { ok: false, problem: makeProblem('payload-too-large') };
    const isOpen = () => true;
    const schemas = { request, response };
    return this.#answer({ operation, payload: body, device: undefined, isOpen, schemas, act });
  }

  async #answerStream(
    operation: SocketOperationName,
    payload: unknown,
    { device, isOpen }: StreamSource,
  ): Promise<Answer> {
    const { request, response } = socketOperations[operation];
    const handlers: Record<SocketOperationName, (input: unknown) => unknown> = {
      resume: (input) => this.#resume(device, input as ResumeRequest),
      send: (input) => this.sends.send(device, input as SendRequest),
      acknowledge: (input) => this.#acknowledge(device, input as AcknowledgeRequest),
    };
    const act = async (input: unknown) => handlers[operation](input);
    return this.#answer({ operation, payload, device, isOpen, schemas: { request, response }, act });
  }

  /** Decodes, lets the hooks of the test interfere, acts, encodes. */
  async #answer(parts: {
    operation: OperationName;
    payload: unknown;
    device: DeviceAddress | undefined;
    isOpen: () => boolean;
    schemas: { request: z.core.$ZodType; response: z.core.$ZodType };
    act: (input: unknown) => Promise<unknown>;
  }): Promise<Answer> {
    const { operation, payload, device, isOpen, schemas, act } = parts;
    const decoded = z.safeDecode(schemas.request as z.ZodMiniType, payload);
    if (!decoded.success)
      return { ok: false, problem: makeProblem('invalid-request', { fields: fieldsOf(decoded.error) }) };
    this.#callCount += 1;
    const call = { operation, request: decoded.data, device, number: this.#callCount } as RelayCall;
    await this.tamper.delay?.(call);
    if (!isOpen()) throw new Error('the connection is gone');
    await this.#lose(this.tamper.loseRequest?.(call), device);
    const refused = this.tamper.refuse?.(call);
    const answer = refused ? ({ ok: false, problem: refused } as const) : await this.#act(call, schemas, act);
    await this.#lose(this.tamper.loseReply?.(call), device);
    return answer;
  }

  async #act(
    call: RelayCall,
    schemas: { response: z.core.$ZodType },
    act: (input: unknown) => Promise<unknown>,
  ): Promise<Answer> {
    try {
      const honest = await act(call.request);
      const rewrite = this.tamper.responses?.[call.operation] as
        ((response: unknown, request: unknown) => unknown) | undefined;
      const said = rewrite ? rewrite(honest, call.request) : honest;
      const encoded: unknown = z.encode(schemas.response as z.ZodMiniType, said);
      return {
        ok: true,
        response: this.tamper.rawResponse ? this.tamper.rawResponse(encoded, call) : encoded,
      };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      return { ok: false, problem: error.problem };
    }
  }

  /** @throws Error when it is lost noticeably; never settles when it is lost in silence */
  async #lose(loss: Loss | undefined, device: DeviceAddress | undefined): Promise<void> {
    if (loss === undefined) return;
    if (loss === 'silence') await new Promise<never>(() => undefined);
    // A reply of a stream is lost with its connection.
    if (device) this.gateway.find(device)?.end({ report: true });
    throw new Error('lost on the way');
  }

  #authenticate(accessToken: string | undefined): Caller {
    const claims = this.tokens.verify(accessToken);
    const device: RelayDevice | undefined = this.accounts.findDevice(claims.device);
    if (!device) throw new Refusal('unauthorized');
    return { device, claims };
  }

  #resume(address: DeviceAddress, shown: ResumeRequest): ResumeResponse {
    const device = this.accounts.findDevice(address);
    if (!device) throw new Refusal('unauthorized');
    return resumeDevice(device, shown, this.#random);
  }

  #acknowledge(address: DeviceAddress, { ids, storeSeq }: AcknowledgeRequest): Record<string, never> {
    const device = this.accounts.findDevice(address);
    device?.mailbox.remove(ids);
    if (device) noteProgress(device, storeSeq);
    this.gateway.find(address)?.acknowledged(ids);
    return {};
  }
}

/** Dotted paths, never values. */
function fieldsOf(error: z.core.$ZodError): string[] {
  const paths = error.issues.map((issue) => issue.path.map(String).join('.'));
  return [...new Set(paths)].slice(0, maxFields);
}
