import type { RunningSum } from '../judgement.js';
import { decimal, formatDecimal, multiply, secondsOf } from './decimal.js';

/** The label under which Docker names the Swarm service of a container. */
const SERVICE_LABEL = 'com.docker.swarm.service.name';

/** What a container is summed up under, besides its image. */
export type Groups = readonly Pick<RunningSum, 'by' | 'label' | 'value'>[];

/** Nanoseconds. */
interface Times {
  readonly agreed: bigint;
  readonly disputed: bigint;
  readonly unknown: bigint;
}

type Sum = Groups[number] & Times & { readonly containers: number };

/**
 * The Swarm service of a container and the values it has of the labels that the policy names, as its first event has
 * them: a container keeps its labels for life.
 */
export function groupsOf(attributes: Readonly<Record<string, string>>, labels: readonly string[]): Groups {
  const valueFor = (name: string) => (Object.hasOwn(attributes, name) ? attributes[name] : undefined);
  const service = valueFor(SERVICE_LABEL);
  const labelled = labels.flatMap((label): Groups => {
    const value = valueFor(label);
    return value === undefined ? [] : [{ by: 'label', label, value }];
  });
  return [...(service === undefined ? [] : [{ by: 'service', value: service } as const]), ...labelled];
}

/** Adds up containers by image, by service and by label. */
export class Sums {
  readonly #sums = new Map<string, Sum>();

  /** @param perSecond the price of a running second, a plain decimal number */
  constructor(private readonly perSecond: string) {}

  /** One container's day. */
  add(image: string, groups: Groups, times: Times): void {
    for (const group of [{ by: 'image', value: image } as const, ...groups]) {
      const key = JSON.stringify([group.by, group.label, group.value]);
      const sum = this.#sums.get(key) ?? { ...group, containers: 0, agreed: 0n, disputed: 0n, unknown: 0n };
      this.#sums.set(key, {
        ...sum,
        containers: sum.containers + 1,
        agreed: sum.agreed + times.agreed,
        disputed: sum.disputed + times.disputed,
        unknown: sum.unknown + times.unknown,
      });
    }
  }

  /** Sorted by what they are summed up by, and its value. */
  all(): RunningSum[] {
    const entries = [...this.#sums].sort(([a], [b]) => (a < b ? -1 : 1));
    return entries.map(([, { by, label, value, containers, agreed, disputed, unknown }]) => ({
      by,
      ...(label === undefined ? {} : { label }),
      value,
      containers,
      agreedSeconds: formatDecimal(secondsOf(agreed)),
      disputedSeconds: formatDecimal(secondsOf(disputed)),
      unknownSeconds: formatDecimal(secondsOf(unknown)),
      agreed: amountOf(agreed, this.perSecond),
      disputed: amountOf(disputed, this.perSecond),
    }));
  }
}

/** What so many nanoseconds cost, exactly. */
export function amountOf(nanos: bigint, perSecond: string): string {
  return formatDecimal(multiply(secondsOf(nanos), decimal(perSecond)));
}
