/** What this package calls itself; a test holds it against the manifest. */
export const sdkVersion = '0.1.0';
