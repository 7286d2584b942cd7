/** What the gateway needs of the relay's other duties. */
import type { ContinuityService } from '../continuity/continuity-service.js';
import type { Mailbox } from '../mailbox/mailbox.js';
import type { RelayLog } from '../logging/relay-log.js';
import type { Meter } from '../metrics/meter.js';
import type { NodeExchange } from '../nodes/node-exchange.js';
import type { AccessTokenVerifier, Now, RateLimits, ReachTokens } from '../ports.js';
import type { GatewayLimits } from './limits.js';

/** See the file's header. */
export interface GatewayServices {
  readonly tokens: AccessTokenVerifier;
  readonly reach: ReachTokens;
  readonly limits: RateLimits;
  readonly mailbox: Mailbox;
  readonly continuity: ContinuityService;
  readonly meter: Meter;
  /** Whether new work is to be turned away. */
  readonly overloaded: () => boolean;
  /** The other nodes of this relay. */
  readonly nodes: NodeExchange;
  readonly now: Now;
  readonly log: RelayLog;
  readonly bounds: GatewayLimits;
}
