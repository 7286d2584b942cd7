export { backoffMs } from './backoff.js';
export { Composer, type OutgoingText, type SendOptions } from './composer.js';
export { decodeContent, messageId, type MessageId } from './content.js';
export { DeferredKeeper } from './deferred-keeper.js';
export { Delivery } from './delivery.js';
export { HandlerRunner, applicationSpace, type MessageHandler, type MessageUnit } from './handler.js';
export { Inbox } from './inbox.js';
export { Intake } from './intake.js';
export { Lookups } from './lookups.js';
export {
  conversationKey,
  conversationPrefix,
  conversationRecord,
  messageIdKey,
  messageIdPrefix,
  messageKey,
  messagePrefix,
  messageRecord,
  messageSeqRecord,
  type Message,
  type MessageStatus,
} from './message-record.js';
export { MessageArchive, type Conversation, type MessagePage } from './message-store.js';
export { MessageService } from './messages.js';
export { QuarantineKeeper } from './quarantine-keeper.js';
export { outboxEntries, withdrawAttempts, type OutboxEntry } from './outbox.js';
export { listQuarantine } from './quarantine.js';
export { Receipts } from './receipts.js';
export { Receiver, type MessageRequestPolicy } from './receiver.js';
export { Renewals } from './renewals.js';
export { Resends } from './resends.js';
export { sweepSendLog } from './send-log.js';
export { Sender, type SenderState } from './sender.js';
