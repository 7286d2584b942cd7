/** Every bound of the SDK that a user may meet, by name, with its reason. Bounds of the wire are in `wire/limits.ts`. */
export const limits = {
  /** Content before padding; a message is not a file transfer. */
  maxContentBytes: 64 * 1024,
  /** Nesting of content; no known type needs more than four. */
  maxContentDepth: 16,
  /** An `onMessage` handler runs inside the device's only writer: everything else waits for it. */
  handlerTimeoutMs: 10_000,
  /** After that many failures a message is committed without the handler's changes. */
  maxHandlerAttempts: 3,
  /** Changes a handler may stage for one message; the whole unit is one atomic write. */
  maxHandlerChanges: 1_000,
  /** Bytes a handler may stage for one message. */
  maxHandlerBytes: 4 * 1024 * 1024,
  /** Messages a handler may send in answer to one message. */
  maxHandlerSends: 16,
  /** Closing waits this long for listeners under way: as long as a handler has; what they do not hear to its end comes again. */
  closeTimeoutMs: 10_000,
  /** Journal entries observers have seen that wait for a commit to be deleted with. */
  maxLazyChanges: 256,
  /** Envelopes taken from the relay and not processed yet, those that wait for a look-up included; the relay keeps the rest. */
  maxQueuedEnvelopes: 1_024,
  /** Envelope ids remembered per connection; above that, stale marks stay until the next one. */
  maxTrackedEnvelopeIds: 100_000,
  /** Envelopes of one sender that wait for a look-up: all that a relay has in flight, or order would be lost. */
  maxHeldEnvelopesPerSender: 256,
  /** Envelopes that wait under a changed identity key, per account; twice as many where the clock was set forward meanwhile. */
  maxQuarantinedPerAccount: 256,
  /** How long they wait for the user's decision; after that they end as `quarantine-expired`. */
  quarantineTtlMs: 7 * 24 * 60 * 60 * 1000,
  /**
   * What refused messages of one contact, or of all strangers together, may cost in an hour, in steps of a ratchet's
   * chain: one message that is as far ahead as it may be, in both ratchets, in all 41 states of a device.
   */
  maxRefusedSteps: 2 * 41 * 25_000,
  refusedStepsWindowMs: 60 * 60 * 1000,
  /** What any message is worth when these are used up: nearly all genuine ones are nearer than that. */
  freeDecryptionSteps: 200,
  /** Messages that wait until there are steps for them, per contact, and of all strangers together. */
  maxDeferredPerSender: 256,
  /** Message requests nobody answered; strangers must not fill the storage. */
  maxMessageRequests: 256,
  /** Messages kept of one stranger whose request nobody answered. */
  maxMessagesPerRequest: 64,
  /** Message ids in one delivery receipt. */
  maxIdsPerReceipt: 64,
  /** Delivery receipts are gathered this long before they are sent, so that a burst costs one. */
  receiptDelayMs: 250,
  /** And up to this much longer, drawn anew each time: how fast a device answers says what its user does with it. */
  receiptJitterMs: 750,
  /**
   * Receipts a contact gets at once; then one per interval, for everything that has come by then. A conversation
   * does not notice; who writes only to be answered learns of one moment in ten seconds whether a device is there.
   */
  maxReceiptBurst: 20,
  receiptIntervalMs: 10_000,
  /** One-time keys of each kind kept at the relay. */
  preKeyStock: 100,
  /** Below this many the stock is filled up. */
  preKeyThreshold: 30,
  /**
   * When the relay says that they run low, they follow after a time of up to this much that is drawn: at once, whoever
   * claims keys would see with each claim whether the device is there. The 20 that are left by then last as long at
   * the pace of claims that a relay allows, one in 30 seconds, and after them the last-resort key serves.
   */
  preKeyRefillJitterMs: 10 * 60 * 1000,
  /**
   * One-time keys of each kind that this device holds and nobody has used: ten stocks, for those that
   * are handed out and never written to. A relay that lies about its stock gets no more; then the
   * last-resort key serves.
   */
  maxOneTimePreKeys: 1_000,
  /** The signed and the last-resort key serve a week, and up to a day more that is drawn. */
  preKeyRotationMs: 7 * 24 * 60 * 60 * 1000,
  preKeyRotationJitterMs: 24 * 60 * 60 * 1000,
  /** New ones that the relay refused are followed by others after this long. */
  preKeyRotationRetryMs: 24 * 60 * 60 * 1000,
  /**
   * Signed and last-resort keys kept after others took their place: 13 weeks of them. A session may be
   * begun with one on its last day, be repeated unanswered for 30 days, wait in an outbox for 28 and at
   * the relay for 30. Counted in rotations, which no wrong clock makes shorter.
   */
  maxRetiredPreKeys: 13,
  /** Stock and rotation are looked after this often on a connection that stays. */
  preKeyCheckMs: 12 * 60 * 60 * 1000,
  /**
   * For one lost message a session with a device is renewed no more often than this: whoever can put forged
   * envelopes into the mailbox would set the pace, and use up one-time keys with it.
   */
  sessionRenewalIntervalMs: 60 * 60 * 1000,
  /**
   * Renewals in that time, each after `maxResendRequests` messages that were lost all the same: two devices that
   * were both brought back to older states may begin a session with keys that the other has lost.
   */
  maxSessionRenewals: 4,
  /**
   * A state that was rolled back or copied is begun anew this often in that time: a relay that only says
   * so would set the pace. After that the device stays away until it may again.
   */
  maxContinuityRepairs: 8,
  continuityRepairWindowMs: 24 * 60 * 60 * 1000,
  /** A device that has to stay away asks again after this long. */
  continuityRetryMs: 60 * 60 * 1000,
  /** Requests to send again what was lost, from one renewal to the next: the first is made with it. */
  maxResendRequests: 5,
  /** Messages sent again to one device in an hour, each once: whoever asks for more has another trouble. */
  maxResendsPerHour: 5,
  /** What was sent can be asked for again this long, by the relay's clock. */
  sendLogTtlMs: 24 * 60 * 60 * 1000,
  /** By the device's own clock no longer than this either way: a relay whose clock stands must not keep the log full. */
  sendLogMaxClockErrorMs: 7 * 24 * 60 * 60 * 1000,
  /** Rounds of repairing the device list for one message before it waits. */
  maxDeviceRepairs: 3,
  /** Messages accepted for sending and not taken by the relay yet. */
  maxOutboxEntries: 10_000,
  /**
   * Shorter than the 30 days the relay remembers an attempt, so that no late repeat can count twice. Twice as long at
   * most where the device's clock and the relay's do not agree.
   */
  outboxTtlMs: 28 * 24 * 60 * 60 * 1000,
  /** First and longest wait before a send is tried again. */
  minRetryDelayMs: 250,
  maxRetryDelayMs: 60_000,
  /** An access token this close to its end is renewed first. */
  accessTokenMarginMs: 30_000,
  /** Clocks of relay nodes may differ by this much. */
  relayClockSkewMs: 5 * 60 * 1000,
  /** Messages in one page of a conversation. */
  maxMessagesPerPage: 200,
  /** A password; scrypt takes any length, people do not. */
  minPasswordLength: 8,
  maxPasswordLength: 1_024,
  /**
   * What a backup holds of rows that changed since it was begun: a day of a busy device. Whoever reads it more
   * slowly than that begins again.
   */
  maxSnapshotBytes: 32 * 1024 * 1024,
  /** Calls over one port that are under way at the messenger's side; more wait for their turn. */
  maxRemoteCalls: 256,
  /** Calls that wait for their turn at the other side of a port. */
  maxRemoteWaiting: 10_000,
  /** Lists of records read over one port at once: each keeps a list of the storage open. */
  maxRemoteLists: 16,
  /** Backups made or read over one port at once: each holds an archive open. */
  maxRemoteArchives: 4,
  /** Pairs, and bytes of them, that a list sends ahead of its reader over a port. */
  remoteListWindow: 64,
  remoteListWindowBytes: 1024 * 1024,
  /** Keys in one `records.get` over a port. */
  maxRemoteKeys: 10_000,
  /** Events told over a port that its other side has not heard to their end; who is that far behind is let go. */
  maxUnheardEvents: 1_000,
  /** A messenger behind a port that does not answer that long is not there: a worker that has yet to be loaded is. */
  remoteOpenTimeoutMs: 30_000,
  /** The other side of a port is asked this often whether it is there, and is gone after that much silence. */
  remoteHeartbeatMs: 5_000,
  remoteSilenceMs: 15_000,
  /** A page that says nothing this long is gone; browsers let hidden pages act once a minute only. */
  remoteClientSilenceMs: 3 * 60_000,
  /** A tab that leads and gives no sign this long is taken for frozen or dead, and another takes its place. */
  shareSilenceMs: 1_500,
  /** A call waits this long for a tab that leads, and is made again at so many of them. */
  shareCallTimeoutMs: 30_000,
  maxShareAttempts: 8,
  /** A tab that could not open the messenger tries again after this long, doubled each time up to the second. */
  minShareRetryMs: 1_000,
  maxShareRetryMs: 30_000,
} as const;
