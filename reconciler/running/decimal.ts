/** Exact decimal arithmetic for seconds and money: a whole number of units of 10^-scale. */
export interface Decimal {
  readonly units: bigint;
  readonly scale: number;
}

/** Nanoseconds as seconds. */
export function secondsOf(nanos: bigint): Decimal {
  return { units: nanos, scale: 9 };
}

/** Reads a plain decimal number such as `0.00001`. */
export function decimal(text: string): Decimal {
  const [whole = '0', fraction = ''] = text.split('.');
  return { units: BigInt(whole + fraction), scale: fraction.length };
}

export function multiply(a: Decimal, b: Decimal): Decimal {
  return { units: a.units * b.units, scale: a.scale + b.scale };
}

/** The number in full, without trailing zeros. */
export function formatDecimal({ units, scale }: Decimal): string {
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  const fraction = digits.slice(digits.length - scale).replace(/0+$/, '');
  return `${units < 0n ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`;
}
