/**
 * The bounds both ends of the wire agree on, each with its reason. Rates are the relay's own
 * affair and stand in its limit table.
 */
export const wireLimits = {
  /** A libsignal device id is 1–127; the upper bound of devices in one account. */
  maxDevicesPerAccount: 127,
  /** Registration ids are 1 to this, as the Signal protocol draws them: 14 bits without the highest values. */
  maxRegistrationId: 16_380,
  /** Commits that a device's storage may have seen: far below 2^53, so that a count can be raised past any and go on for ever. */
  maxStoreSeq: 2 ** 48,
  /** Content is at most 64 KiB padded by Padmé (12 % at worst); the rest is room for the protocol's own framing. */
  maxCiphertextBytes: 96 * 1024,
  /** One send carries a ciphertext per device; more devices than a person plausibly owns are split by nobody. */
  maxBodiesPerSend: 32,
  /** An HTTP body that carries no keys. */
  maxRequestBytes: 64 * 1024,
  /** 2 × 100 KEM pre-keys of 1,569 bytes in base64url, with signatures, and room to spare. */
  maxKeyUploadBytes: 640 * 1024,
  /** A socket frame: `maxBodiesPerSend` full ciphertexts would be 3 MiB; a typical send is a few hundred bytes. */
  maxSocketFrameBytes: 3 * 1024 * 1024 + 64 * 1024,
  /** Envelopes in one push to a client: each is a binary attachment, and Socket.IO's decoder takes no more than 10 by default. */
  maxEnvelopesPerPage: 10,
  /** Envelopes sent to a connection and not acknowledged yet; the mailbox keeps the rest. */
  maxEnvelopesInFlight: 256,
  /** Envelope ids in one acknowledgement. */
  maxAcknowledgementsPerRequest: 256,
  /** Keys of one kind in one upload: twice the stock of 100. */
  maxPreKeysPerUpload: 200,
  /** Keys of one kind kept for a device at the relay. */
  maxPreKeysPerDevice: 200,
  /** The relay keeps undelivered envelopes and attempt records for 30 days. */
  mailboxTtlMs: 30 * 24 * 60 * 60 * 1000,
  /** Tokens are opaque to clients; this bounds what they store. */
  maxTokenLength: 2048,
} as const;
