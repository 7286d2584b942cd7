/**
 * What happened lately, in words, and what was found wrong. Bounded: a simulation of a million steps tells of
 * its last ones. Knows no rule and no world.
 */
import type { AccountId } from '../../wire/index.js';

/** Lines kept: those of a few hundred steps, more than lie between two moments of quiet. */
const maxLines = 8_000;
/** Lines told before and after each place that is about what broke, and at the end. */
const linesAround = 25;
/** Lines told when nothing says what they should be about. */
const linesLast = 60;
/** Lines told at most. */
const maxTold = 400;

/** What a violation is about. */
export interface Concern {
  /** Names of those who take part in it. */
  readonly who: readonly string[];
  /** What lines about it have in common: a message's text, an id. */
  readonly what?: string;
}

/** Something that must always be true is not. */
export class Violation extends Error {
  override readonly name = 'Violation';
  constructor(
    message: string,
    readonly concern?: Concern,
  ) {
    super(message);
  }
}

interface Line {
  readonly text: string;
  /** Names it is about; of everybody's concern when there is none. */
  readonly who: readonly string[];
}

/** See the header. */
export class Trace {
  readonly #lines: Line[] = [];
  readonly #names = new Map<AccountId, string>();
  #step = 0;
  #violation: Violation | undefined;

  /** What happens from now on belongs to this step. */
  begin(step: number, action: string): void {
    this.#step = step;
    this.note(action);
  }

  /** From now on an account is told by a name. */
  call(account: AccountId, name: string): void {
    this.#names.set(account, name);
  }

  /** The name of an account, or how its id begins. */
  nameOf(account: AccountId): string {
    return this.#names.get(account) ?? account.slice(0, 4);
  }

  /** @param who - names it is about; everybody's concern without */
  note(text: string, ...who: readonly string[]): void {
    this.#lines.push({ text: `${this.#step}: ${text}`, who });
    if (this.#lines.length > maxLines) this.#lines.splice(0, maxLines / 2);
  }

  /** Something is wrong that must not be thrown where it was seen. The first one counts. */
  accuse(violation: string, concern?: Concern): void {
    this.note(`WRONG: ${violation}`);
    this.#violation ??= new Violation(violation, concern);
  }

  /** @throws Violation when something has been found wrong */
  assertInnocent(): void {
    if (this.#violation !== undefined) throw this.#violation;
  }

  /** What happened around something that broke, oldest first: the last lines, and those around what it is about. */
  around(error: unknown): readonly string[] {
    const concern = error instanceof Violation ? error.concern : undefined;
    if (!concern) return this.#lines.slice(-linesLast).map(({ text }) => text);
    const lines = this.#lines.filter(({ who }) => concernsOneOf(who, concern.who));
    const places = lines.flatMap(({ text }, index) => (isAbout(text, concern) ? [index] : []));
    return excerpts(lines, [...places.slice(0, 1), ...places.slice(-6), lines.length]).slice(-maxTold);
  }
}

function concernsOneOf(who: readonly string[], those: readonly string[]): boolean {
  return who.length === 0 || who.some((name) => those.includes(name));
}

function isAbout(text: string, { what }: Concern): boolean {
  return what !== undefined && text.includes(what);
}

/** The lines around some places, with a mark where some between them are left out. */
function excerpts(lines: readonly Line[], places: readonly number[]): string[] {
  const told: string[] = [];
  lines.forEach(({ text }, index) => {
    if (places.some((place) => Math.abs(place - index) <= linesAround)) told.push(text);
    else if (told.at(-1) !== '…') told.push('…');
  });
  return told;
}
