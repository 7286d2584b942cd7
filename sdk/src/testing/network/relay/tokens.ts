/** Access tokens and rotating refresh tokens of the test relay. Knows no password and no connection. */
import type { Clock, Random } from '../../../ports/host.js';
import { randomUuid } from '../../../random.js';
import { verifyRefreshSignature } from '../../../verification/index.js';
import { toBase64Url, type DeviceAddress, type RequestOf, type TokenPair } from '../../../wire/index.js';
import type { RelayDevice, RetiredDevice } from './accounts.js';
import { ExpiringTokens } from './expiring-tokens.js';
import { Refusal } from './refusal.js';

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
/** How long an access token is good, unless the network is made with another value. */
export const defaultAccessTokenTtlMs = 10 * minuteMs;
const refreshTokenTtlMs = 60 * dayMs;

/** Who an access token speaks for. */
export interface AccessClaims {
  readonly device: DeviceAddress;
  readonly familyId: string;
}

/** The tokens that came from one login. */
interface Family {
  readonly id: string;
  readonly device: DeviceAddress;
  /** How often it was rotated. */
  number: number;
  current: string;
  /** The request that made `current`, base64url. */
  rotatedBy: string | undefined;
  revoked: boolean;
  /** Another device took the place of the one that logged in. */
  retired: boolean;
}

/** See the header. */
export class Tokens {
  readonly #random: Random;
  readonly #access: ExpiringTokens<AccessClaims>;
  readonly #refresh: ExpiringTokens<{ readonly family: Family; readonly number: number }>;

  constructor(host: { clock: Clock; random: Random }, accessTokenTtlMs: number) {
    this.#random = host.random;
    this.#access = new ExpiringTokens(host, accessTokenTtlMs);
    this.#refresh = new ExpiringTokens(host, refreshTokenTtlMs);
  }

  /** The tokens of a new login. */
  begin(device: DeviceAddress): TokenPair {
    const family: Family = {
      id: randomUuid(this.#random),
      device,
      number: 0,
      current: '',
      rotatedBy: undefined,
      revoked: false,
      retired: false,
    };
    family.current = this.#refresh.issue({ family, number: 0 });
    return this.#pair(family);
  }

  verify(accessToken: string | undefined): AccessClaims {
    const claims = accessToken === undefined ? undefined : this.#access.find(accessToken);
    if (!claims) throw new Refusal('unauthorized');
    return claims;
  }

  /**
   * Rotates. The request that made the current token may be repeated; any other use of an older one
   * means that two hold it, and ends the family.
   * @param compromised - called with the device whose family ended so
   */
  refresh(
    request: RequestOf<'auth.refresh'>,
    findDevice: (address: DeviceAddress) => RelayDevice | undefined,
    findRetired: (address: DeviceAddress) => RetiredDevice | undefined,
    compromised: (device: DeviceAddress) => void,
  ): TokenPair {
    const found = this.#refresh.find(request.refreshToken);
    const retired = found?.family.retired && findRetired(found.family.device);
    if (retired && isSignedBy(retired, request)) throw new Refusal('device-replaced');
    const device = found && findDevice(found.family.device);
    if (!found || !device || found.family.revoked) throw new Refusal('refresh-refused');
    const { family, number } = found;
    const requestId = toBase64Url(request.requestId);
    const signed = isSignedBy(device, request);
    if (number === family.number) {
      // Whoever holds the newest token but not the device's key changes nothing.
      if (!signed) throw new Refusal('refresh-refused');
      this.#rotate(family, requestId);
    } else if (!signed || number !== family.number - 1 || requestId !== family.rotatedBy) {
      this.revokeFamily(family.id);
      compromised(family.device);
      throw new Refusal('refresh-refused');
    }
    return this.#pair(family);
  }

  /** Ends what came from one login. */
  revokeFamily(familyId: string): void {
    this.#revoke(({ id }) => id === familyId);
  }

  /** Ends all tokens of the devices that fit. */
  revokeDevices(fits: (device: DeviceAddress) => boolean): void {
    this.#revoke(({ device }) => fits(device));
  }

  /** Ends all tokens of a device that another took the place of; it may still ask why. */
  retireDevice({ accountId, deviceId }: DeviceAddress): void {
    this.#revoke((family) => {
      const fits = family.device.accountId === accountId && family.device.deviceId === deviceId;
      if (fits) family.retired = true;
      return fits;
    });
  }

  /** Access tokens alone: every device has to refresh. */
  expireAccessTokens(): void {
    this.#access.revoke(() => true);
  }

  #revoke(fits: (family: Family) => boolean): void {
    const ids = new Set<string>();
    this.#refresh.revoke(({ family }) => {
      if (fits(family)) {
        family.revoked = true;
        ids.add(family.id);
      }
      return false;
    });
    this.#access.revoke(({ familyId }) => ids.has(familyId));
  }

  #rotate(family: Family, requestId: string): void {
    family.number += 1;
    family.current = this.#refresh.issue({ family, number: family.number });
    family.rotatedBy = requestId;
  }

  #pair(family: Family): TokenPair {
    return {
      accessToken: this.#access.issue({ device: family.device, familyId: family.id }),
      accessExpiresInMs: this.#access.ttlMs,
      refreshToken: family.current,
      refreshExpiresInMs: this.#refresh.ttlMs,
    };
  }
}

function isSignedBy({ authKey }: Pick<RelayDevice, 'authKey'>, request: RequestOf<'auth.refresh'>): boolean {
  try {
    verifyRefreshSignature({ ...request, authKey });
    return true;
  } catch {
    return false;
  }
}
