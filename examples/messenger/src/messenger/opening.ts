/** What page and worker say to each other before the messenger's own port takes over. */
import type { SottoErrorCode } from '@sotto/sdk';

/** From the page: begin. A port for the messenger goes with it. */
export interface OpeningRequest {
  readonly port: MessagePort;
  /** Where the relay is. */
  readonly relayOrigin: string;
  /** 32 bytes from the system's secure storage, where there is one; the browser's own key otherwise. */
  readonly storageKey: Uint8Array | undefined;
}

/** From the worker. */
export type OpeningAnswer =
  | { readonly kind: 'opened' }
  /** Another tab has the messenger now, or this one: what is shown may be old. */
  | { readonly kind: 'moved' }
  /** `code` is absent where it was no failure of the SDK. */
  | { readonly kind: 'failed'; readonly code: SottoErrorCode | undefined };
