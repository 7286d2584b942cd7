/** What can happen in a simulated world, as plain data: a schedule can be printed, shortened and played again. */
import type { Loss, OperationName } from '../network/tamper.js';

/** Who takes part: as many of them as there are accounts, in this order. */
export const actorNames = ['alice', 'bob', 'carol', 'dave', 'erin', 'frank', 'grace', 'heidi'] as const;
/** Somebody who takes part. */
export type ActorName = (typeof actorNames)[number];

/** What can go wrong, and how often by default, where sending has a weight of 10 and the passing of time one of 4. */
export const defaultFaultWeights = {
  /** A request does not reach the relay. */
  'lost-request': 2,
  /** The relay acts, and its answer is lost. */
  'lost-reply': 2,
  /** A request is held up on the way. */
  delay: 1,
  /** Envelopes come twice. */
  duplicate: 1,
  /** Envelopes come the wrong way round. */
  reorder: 1,
  /** Envelopes do not come on this connection. */
  'dropped-page': 1,
  /** A stream breaks, or a device is unplugged for a while. */
  disconnect: 3,
  /** The process dies before or after one of its next commits. */
  crash: 3,
  /** The process dies between two commits. */
  kill: 1,
  /** The storage refuses one of the next commits. */
  'storage-failure': 1,
  /** A device's wall clock is set wrong. */
  'clock-skew': 0.5,
  /** The relay goes away and comes back with what it had. */
  'relay-restart': 0.5,
  /** Access tokens end early. */
  'token-expiry': 0.5,
  /** A user puts the sessions with somebody aside. */
  'session-reset': 1,
  /** A user blocks somebody; unblocking comes with it. */
  block: 0.5,
  /** Somebody is there under a new identity key and an empty storage; accepting it comes with it. */
  'identity-reset': 0.15,
  /** A device's storage is put back to what it was. */
  restore: 0.3,
  /** A device's storage is copied, and both run. */
  clone: 0.2,
  /** A device is lost and its account brought back on another one, from a backup. Only where it is asked for. */
  recovery: 0,
  /** Everything of an account is lost but the password, and it is reset. Only where it is asked for. */
  'account-reset': 0,
} as const;
/** Something that can go wrong. */
export type SimulationFault = keyof typeof defaultFaultWeights;

/** How often things go wrong: weights from 0 (never); what is not named has its default. */
export type FaultWeights = { readonly [Fault in SimulationFault]?: number };

/** What happens to everybody, or on the way. */
export type WorldAction =
  /** Time goes by, and what falls due happens. */
  | { readonly kind: 'pass'; readonly durationMs: number }
  /** The next calls of an operation, or their replies, do not get through. */
  | {
      readonly kind: 'lose';
      readonly part: 'request' | 'reply';
      readonly operation: OperationName;
      readonly loss: Loss;
      readonly times: number;
    }
  /** The next calls of an operation take so long to arrive. */
  | {
      readonly kind: 'delay';
      readonly operation: OperationName;
      readonly durationMs: number;
      readonly times: number;
    }
  /** The next pages of envelopes come twice, the wrong way round, or not on this connection. */
  | { readonly kind: 'pages'; readonly how: 'duplicate' | 'reorder' | 'drop'; readonly times: number }
  /** The relay is away for so long; what it had accepted it still has. */
  | { readonly kind: 'relay-restart'; readonly durationMs: number }
  | { readonly kind: 'expire-tokens' }
  /** Whatever was wrong ends, everything gets through, and everything is checked. */
  | { readonly kind: 'quiet'; readonly orderly: boolean };

/** What one does, or what happens to one. */
export type ActorAction =
  | {
      readonly kind: 'send';
      readonly who: ActorName;
      readonly peer: ActorName;
      readonly texts: readonly string[];
    }
  /** The stream breaks, and comes back by itself. */
  | { readonly kind: 'cut'; readonly who: ActorName }
  | { readonly kind: 'unplug'; readonly who: ActorName }
  | { readonly kind: 'plug'; readonly who: ActorName }
  /** The process will die at its n-th commit from now on, before or after that is written. */
  | {
      readonly kind: 'crash';
      readonly who: ActorName;
      readonly fate: 'die-before' | 'die-after';
      readonly commits: number;
    }
  | { readonly kind: 'kill'; readonly who: ActorName }
  | { readonly kind: 'restart'; readonly who: ActorName }
  /** The storage refuses the n-th commit from now on. */
  | { readonly kind: 'storage-fails'; readonly who: ActorName; readonly commits: number }
  | { readonly kind: 'skew'; readonly who: ActorName; readonly byMs: number }
  | { readonly kind: 'reset-sessions'; readonly who: ActorName; readonly peer: ActorName }
  | { readonly kind: 'block'; readonly who: ActorName; readonly peer: ActorName }
  | { readonly kind: 'unblock'; readonly who: ActorName; readonly peer: ActorName }
  | { readonly kind: 'accept-identity'; readonly who: ActorName; readonly peer: ActorName }
  | { readonly kind: 'reset-identity'; readonly who: ActorName }
  /** A copy of the storage is put aside, and later the device goes on from it. */
  | { readonly kind: 'snapshot'; readonly who: ActorName }
  | { readonly kind: 'restore'; readonly who: ActorName }
  /** A backup is made, and later the account is brought back from it as another device, beside the old one at first. */
  | { readonly kind: 'back-up'; readonly who: ActorName }
  | { readonly kind: 'recover'; readonly who: ActorName }
  /** The account begins anew with its password, when nobody has objected for a day. */
  | { readonly kind: 'reset-account'; readonly who: ActorName }
  /** A copy of the device runs beside it, until one of the two goes. */
  | { readonly kind: 'clone'; readonly who: ActorName }
  | { readonly kind: 'end-clone'; readonly who: ActorName; readonly keep: 'original' | 'copy' };

/** One thing that happens. */
export type SimulationAction = WorldAction | ActorAction;
