/** Lua scripts that Redis keeps by their hash; after a restart it is told them again. Knows no script. */
import { createHash } from 'node:crypto';
import type { RedisClient } from './redis-link.js';

/** What a script takes. */
export interface ScriptInput {
  readonly keys: readonly string[];
  readonly arguments: readonly (string | Buffer)[];
}

/** A client that runs scripts. */
export type ScriptClient = Pick<RedisClient, 'evalSha' | 'eval'>;

/** One script. */
export class RedisScript {
  readonly #source: string;
  readonly #sha1: string;

  constructor(source: string) {
    this.#source = source;
    this.#sha1 = createHash('sha1').update(source).digest('hex');
  }

  async run(client: ScriptClient, input: ScriptInput): Promise<unknown> {
    const options = { keys: [...input.keys], arguments: [...input.arguments] };
    try {
      return await client.evalSha(this.#sha1, options);
    } catch (error) {
      if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error;
      return client.eval(this.#source, options);
    }
  }
}
