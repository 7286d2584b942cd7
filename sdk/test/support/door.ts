/** A door that holds whoever comes until it is opened. */
export function door() {
  let open = () => {};
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { open, opened };
}
