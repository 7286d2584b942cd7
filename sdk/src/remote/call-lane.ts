/** Calls over a port: so many under way, more in a queue, each with its answer. Knows no method. */
import { SottoError } from '../errors.js';
import { limits } from '../limits.js';

interface Call {
  readonly id: number;
  readonly method: string;
  readonly args: readonly unknown[];
  resolve(value: unknown): void;
  reject(error: Error): void;
}

/** See the header. */
export class CallLane {
  readonly #post: (id: number, method: string, args: readonly unknown[]) => void;
  readonly #underWay = new Map<number, Call>();
  readonly #waiting: Call[] = [];

  constructor(post: (id: number, method: string, args: readonly unknown[]) => void) {
    this.#post = post;
  }

  /** Makes a call when its turn comes. @throws SottoError `limit-exceeded` when too many wait */
  call(id: number, method: string, args: readonly unknown[]): Promise<unknown> {
    if (this.#waiting.length >= limits.maxRemoteWaiting) {
      throw new SottoError('limit-exceeded', { details: { limit: 'maxRemoteWaiting' } });
    }
    return new Promise((resolve, reject) => {
      this.#waiting.push({ id, method, args, resolve, reject });
      this.#next();
    });
  }

  /** A call was answered. */
  settled(id: number, value: unknown): void {
    this.#take(id)?.resolve(value);
  }

  /** A call failed. */
  failed(id: number, error: Error): void {
    this.#take(id)?.reject(error);
  }

  /** Every call fails. */
  close(error: Error): void {
    for (const call of [...this.#underWay.values(), ...this.#waiting]) call.reject(error);
    this.#underWay.clear();
    this.#waiting.length = 0;
  }

  #take(id: number): Call | undefined {
    const call = this.#underWay.get(id);
    this.#underWay.delete(id);
    this.#next();
    return call;
  }

  #next(): void {
    while (this.#underWay.size < limits.maxRemoteCalls) {
      const call = this.#waiting.shift();
      if (!call) return;
      this.#underWay.set(call.id, call);
      this.#post(call.id, call.method, call.args);
    }
  }
}
