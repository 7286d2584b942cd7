/** Under which names it is counted that last-resort keys served, here and with contacts. */
export const lastResortCounts = { begun: 'last-resort-begun', usedUp: 'pre-keys-used-up' } as const;
