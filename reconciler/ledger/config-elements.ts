import { common } from '@hyperledger/fabric-protos';

/** A group, value or policy of a channel's configuration, by itself. */
export interface ConfigElement {
  readonly version: number;
  /** Name or path of the policy that who changes it must satisfy. */
  readonly modPolicy: string;
  /** The groups below the channel's, down to the one in which it is; a group is in itself. */
  readonly groups: readonly string[];
  /** What it holds, in a form in which the same is equal; of a group the names alone of what is in it. */
  readonly content: string;
  /** Keys of what is in a group; of values and policies none. */
  readonly members: readonly string[];
}

/** By kind and path, such as `Value /Channel/Orderer/BatchTimeout`. */
export type ConfigElements = ReadonlyMap<string, ConfigElement>;

export const ROOT = 'Group /Channel';
/** Where that is, an element without a policy gets this one: Fabric's repair of channels that were founded with version 1.0. */
const REPAIRS = { where: 'Value /Channel/Orderer/Capabilities', policy: 'Admins' };
const NAME = /^[a-zA-Z0-9.-]{1,249}$/;

/**
 * A configuration taken apart: Fabric's `configtx.mapConfig`.
 * @throws Error if an element has no legal name
 */
export function elementsOf(channel: common.ConfigGroup | undefined): ConfigElements {
  const elements = new Map<string, ConfigElement>();
  if (channel !== undefined) addGroup(elements, channel, []);
  return elements;
}

/**
 * What a configuration becomes when elements of it are replaced or added: what can be reached from the channel's group.
 * @throws Error if a group names an element that is nowhere
 */
export function overlaid(old: ConfigElements, changed: ConfigElements): ConfigElements {
  const all = new Map([...old, ...changed]);
  const isRepaired = all.has(REPAIRS.where);
  const reached = new Map<string, ConfigElement>();
  const reach = (key: string): void => {
    const element = all.get(key);
    if (element === undefined) throw new Error(`${key} is named, and not there`);
    const isBare = isRepaired && element.modPolicy === '';
    reached.set(key, isBare ? { ...element, modPolicy: REPAIRS.policy } : element);
    for (const member of element.members) reach(member);
  };
  reach(ROOT);
  return reached;
}

/** Key of the first element, in order of keys, that is not the same in both; undefined if they are equal. */
export function firstDifference(one: ConfigElements, other: ConfigElements): string | undefined {
  const keys = [...new Set([...one.keys(), ...other.keys()])].sort();
  return keys.find((key) => {
    const [a, b] = [one.get(key), other.get(key)];
    return a?.version !== b?.version || a?.modPolicy !== b?.modPolicy || a?.content !== b?.content;
  });
}

function addGroup(elements: Map<string, ConfigElement>, group: common.ConfigGroup, groups: readonly string[]): void {
  const path = ['/Channel', ...groups].join('/');
  const members: string[] = [];
  const add = (kind: string, name: string, element: Omit<ConfigElement, 'groups' | 'members'>) => {
    const key = `${kind} ${path}/${legal(name)}`;
    members.push(key);
    elements.set(key, { ...element, groups, members: [] });
  };
  group.getValuesMap().forEach((value: common.ConfigValue, name: string) => {
    add('Value', name, { ...head(value), content: value.getValue_asB64() });
  });
  group.getPoliciesMap().forEach((value: common.ConfigPolicy, name: string) => {
    const policy = value.getPolicy();
    const content = policy === undefined ? 'none' : `${policy.getType()} ${policy.getValue_asB64()}`;
    add('Policy', name, { ...head(value), content });
  });
  group.getGroupsMap().forEach((inner: common.ConfigGroup, name: string) => {
    members.push(`Group ${path}/${legal(name)}`);
    addGroup(elements, inner, [...groups, name]);
  });
  elements.set(`Group ${path}`, { ...head(group), groups, members, content: [...members].sort().join('\n') });
}

function head(element: common.ConfigGroup | common.ConfigValue | common.ConfigPolicy) {
  return { version: element.getVersion(), modPolicy: element.getModPolicy() };
}

function legal(name: string): string {
  if (NAME.test(name) && name !== '.' && name !== '..') return name;
  throw new Error('an element of the configuration has a name that is not legal');
}
