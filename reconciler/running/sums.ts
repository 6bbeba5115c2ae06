import type { RunningSum } from '../judgement.js';
import { decimal, formatDecimal, multiply, secondsOf } from './decimal.js';

/** The label under which Docker names the Swarm service of a container. */
export const SERVICE_LABEL = 'com.docker.swarm.service.name';

/** What a container is summed up under, besides its image. */
export type Groups = readonly Pick<RunningSum, 'by' | 'label' | 'value'>[];

/** Nanoseconds. */
interface Times {
  readonly agreed: bigint;
  readonly disputed: bigint;
  readonly unknown: bigint;
}

interface Sum {
  readonly group: Groups[number];
  containers: number;
  agreed: bigint;
  disputed: bigint;
  unknown: bigint;
}

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
  /** By what they are summed up by, and then by its value. */
  readonly #sums = new Map<string, Map<string, Sum>>();

  /** @param perSecond the price of a running second, a plain decimal number */
  constructor(private readonly perSecond: string) {}

  /** One container's day. */
  add(image: string, groups: Groups, times: Times): void {
    this.#add({ by: 'image', value: image }, times);
    for (const group of groups) this.#add(group, times);
  }

  #add(group: Groups[number], { agreed, disputed, unknown }: Times): void {
    // No other group has a label.
    const by = group.label === undefined ? group.by : `label ${group.label}`;
    let byValue = this.#sums.get(by);
    if (byValue === undefined) {
      byValue = new Map();
      this.#sums.set(by, byValue);
    }
    const sum = byValue.get(group.value);
    if (sum === undefined) {
      byValue.set(group.value, { group, containers: 1, agreed, disputed, unknown });
      return;
    }
    sum.containers += 1;
    sum.agreed += agreed;
    sum.disputed += disputed;
    sum.unknown += unknown;
  }

  /** Sorted by what they are summed up by, and its value. */
  all(): RunningSum[] {
    const sums = [...this.#sums.values()].flatMap((byValue) => [...byValue.values()]);
    const entries = sums.map((sum): [string, Sum] => {
      const { by, label, value } = sum.group;
      return [JSON.stringify([by, label, value]), sum];
    });
    entries.sort(([a], [b]) => (a < b ? -1 : 1));
    return entries.map(
      ([
        ,
        {
          group: { by, label, value },
          containers,
          agreed,
          disputed,
          unknown,
        },
      ]) => ({
        by,
        ...(label === undefined ? {} : { label }),
        value,
        containers,
        agreedSeconds: formatDecimal(secondsOf(agreed)),
        disputedSeconds: formatDecimal(secondsOf(disputed)),
        unknownSeconds: formatDecimal(secondsOf(unknown)),
        agreed: amountOf(agreed, this.perSecond),
        disputed: amountOf(disputed, this.perSecond),
      }),
    );
  }
}

/** What so many nanoseconds cost, exactly. */
export function amountOf(nanos: bigint, perSecond: string): string {
  return formatDecimal(multiply(secondsOf(nanos), decimal(perSecond)));
}
