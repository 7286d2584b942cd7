/** The way between one client and the relay. */
export interface Wire {
  /** False while it is unplugged: nothing passes in either direction. */
  readonly plugged: boolean;
}
