/** Sizes as people say them, in the language of the browser. */

const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;

/** Such as 4.5 MB. */
export function bytesText(bytes: number): string {
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, bytes)) / 3));
  const format = new Intl.NumberFormat(undefined, {
    style: 'unit',
    unit: units[power],
    maximumFractionDigits: 1,
  });
  return format.format(bytes / 1_000 ** power);
}
