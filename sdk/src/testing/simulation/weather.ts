/** What goes wrong on the way between devices and relay, as long as it is told to: losses, delays, pages out of order. */
import { makeProblem, wireLimits, type Envelope } from '../../wire/index.js';
import type { Clock } from '../../ports/host.js';
import type { Loss, OperationName, RelayCall, RelayTamper } from '../network/tamper.js';
import type { SimulationAction } from './actions.js';
import type { Trace } from './trace.js';
import type { WireWatch } from './wire-watch.js';

type Of<Kind extends SimulationAction['kind']> = Extract<SimulationAction, { kind: Kind }>;

interface Planned<Plan> {
  readonly plan: Plan;
  left: number;
}

/** See the header. */
export class Weather {
  readonly #clock: Clock;
  readonly #wire: WireWatch;
  readonly #trace: Trace;
  readonly #held = new Set<() => void>();
  #losses: Planned<Of<'lose'>>[] = [];
  #delays: Planned<Of<'delay'>>[] = [];
  #pages: Planned<Of<'pages'>> | undefined;
  #downUntil = 0;

  constructor(parts: { clock: Clock; wire: WireWatch; trace: Trace }) {
    this.#clock = parts.clock;
    this.#wire = parts.wire;
    this.#trace = parts.trace;
  }

  /** The hooks of a relay in this weather. */
  get tamper(): RelayTamper {
    return {
      delay: (call) => {
        this.#wire.called(call);
        return this.#delayOf(call);
      },
      loseRequest: (call) => {
        const loss = this.#isDown ? 'disconnect' : this.#lossOf('request', call);
        if (!loss) this.#wire.arrived(call);
        return loss;
      },
      loseReply: (call) => this.#lossOf('reply', call),
      refuseConnection: () => (this.#isDown ? makeProblem('unavailable') : undefined),
      responses: {
        send: (response, request) => {
          if (response.kind === 'accepted') this.#wire.accepted(request);
          return response;
        },
      },
      envelopes: (page) => {
        const shown = this.#rewrite(page);
        this.#wire.delivered(shown);
        return shown;
      },
    };
  }

  lose(action: Of<'lose'>): void {
    this.#losses.push({ plan: action, left: action.times });
  }

  delay(action: Of<'delay'>): void {
    this.#delays.push({ plan: action, left: action.times });
  }

  pages(action: Of<'pages'>): void {
    this.#pages = { plan: action, left: action.times };
  }

  /** Nothing gets through for so long. */
  down(durationMs: number): void {
    this.#downUntil = this.#clock.monotonicNow() + durationMs;
  }

  /** All is well: nothing is lost any more, and what was held up arrives. */
  clear(): void {
    this.#losses = [];
    this.#delays = [];
    this.#pages = undefined;
    this.#downUntil = 0;
    for (const release of this.#held) release();
    this.#held.clear();
  }

  get #isDown(): boolean {
    return this.#clock.monotonicNow() < this.#downUntil;
  }

  #delayOf({ operation }: RelayCall): Promise<void> | undefined {
    const durationMs = take(this.#delays, ({ plan }) => plan.operation === operation)?.durationMs;
    if (durationMs === undefined) return undefined;
    return new Promise((resolve) => {
      const release = () => {
        this.#held.delete(release);
        resolve();
      };
      this.#held.add(release);
      this.#clock.schedule(durationMs, release);
    });
  }

  #lossOf(part: 'request' | 'reply', { operation }: { operation: OperationName }): Loss | undefined {
    const planned = take(this.#losses, ({ plan }) => plan.part === part && plan.operation === operation);
    if (planned) this.#trace.note(`the ${part} of ${operation} is lost: ${planned.loss}`);
    return planned?.loss;
  }

  #rewrite(page: readonly Envelope[]): readonly Envelope[] {
    const pages = this.#pages;
    if (!pages || pages.left === 0) return page;
    pages.left -= 1;
    this.#trace.note(`a page of ${page.length} envelopes: ${pages.plan.how}`);
    if (pages.plan.how === 'drop') {
      this.#wire.dropped(page);
      return [];
    }
    if (pages.plan.how === 'reorder') return [...page].reverse();
    return [...page, ...page].slice(0, wireLimits.maxEnvelopesPerPage);
  }
}

function take<Plan>(planned: Planned<Plan>[], fits: (one: Planned<Plan>) => boolean): Plan | undefined {
  const found = planned.find((one) => one.left > 0 && fits(one));
  if (found) found.left -= 1;
  return found?.plan;
}
