/** The bounds of what nodes tell one another, each with its reason. */

/** See the file's header. */
export const nodeLimits = {
  /** A ciphertext above this is not carried along: the other node reads it from the mailbox. */
  maxCarriedBytes: 16 * 1024,
  /** Hints in one publication, so that none holds the connection for long. */
  maxMessagesPerPublication: 128,
  /** Publications under way. When the far side is slower than this, hints are dropped and connections catch up. */
  maxPublicationsUnderWay: 64,
  /** Hints that wait for the end of the turn. */
  maxWaitingMessages: 8192,
  /** What a node may be told at once: a publication of the largest hints, and room. */
  maxPublicationBytes: 4 * 1024 * 1024,
  /** Where devices are connected is remembered this long; a wrong memory is put right by the node that gets the hint. */
  placeTtlMs: 30_000,
  /** Places remembered; about 200 bytes each. The oldest go. */
  maxPlaces: 50_000,
  /** How long a connecting device waits for other nodes to be told of it. */
  arrivalTimeoutMs: 2_000,
  /**
   * How long the connection that listens to PostgreSQL may take to be made, and to answer: a server that is
   * slower than a heartbeat counts as away, and nodes look for themselves.
   */
  listenerTimeoutMs: 2_000,
  /** How often a node makes sure that it hears itself through the others' channel. */
  heartbeatMs: 2_000,
  /** Heartbeats without an echo before the link counts as broken. */
  maxMissedEchoes: 2,
  /** How often a node says again who is connected to it. */
  presenceRenewalMs: 30_000,
  /** Who is connected where is forgotten after this long without renewal: two may get lost. */
  presenceTtlMs: 90_000,
  /** Accounts renewed between two turns of the event loop. */
  renewalsPerTurn: 500,
  /** While linked, mailboxes are compared with connections this often: a hint that got lost unseen costs no more. */
  linkedCatchUpMs: 15_000,
  /** While degraded: what a live message takes at most, and what a database can be asked. */
  degradedCatchUpMs: 500,
  /** Accounts asked about in one query. */
  accountsPerCatchUp: 1_000,
  /** Between attempts to link again, doubling from the first to the second. */
  minRelinkMs: 100,
  maxRelinkMs: 2_000,
} as const;
