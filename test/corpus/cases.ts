import type { RecordErrorCode } from '#chaincode';

/** One line that an engine, or whoever can put labels on containers, might send; and what must become of it. */
export interface Case {
  readonly name: string;
  /** The line, for an event with this ID and time. */
  readonly line: (id: string, time: bigint) => string;
  /** What the canonical form must contain; or the code and the words with which the line is set aside. */
  readonly attested?: readonly string[];
  readonly refused?: readonly [RecordErrorCode, string];
}

const KIBIBYTE = 1024;
/** As a label's value stands in JSON text. */
const labels = (text: string) => (id: string, time: bigint) => whole({ id, time, attributes: `{${text}}` });
const many = (count: number, bytes: number) =>
  Array.from({ length: count }, (_, index) => `"label${100 + index}":"${'x'.repeat(bytes)}"`).join(',');

interface Parts {
  readonly id: string;
  readonly time: bigint | string;
  readonly attributes?: string;
  readonly action?: string;
  readonly scope?: string;
  readonly more?: string;
}

/** An event as Docker writes it; each part is JSON text, not a value. */
export function whole({
  id,
  time,
  attributes = '{"name":"n"}',
  action = '"start"',
  scope = '"local"',
  more = '',
}: Parts) {
  const actor = `{"ID":"${id}","Attributes":${attributes}}`;
  return `{"Type":"container","Action":${action},"Actor":${actor},"scope":${scope}${more},"timeNano":${time}}`;
}

export const CASES: readonly Case[] = [
  { name: 'an ordinary event', line: (id, time) => whole({ id, time }), attested: ['"attributes":{"name":"n"}'] },
  ...['__proto__', 'constructor', 'toJSON', 'hasOwnProperty', ''].map((label) => ({
    name: `a label named ${JSON.stringify(label)}`,
    line: labels(`"${label}":"kept"`),
    attested: [`"attributes":{"${label}":"kept"}`],
  })),
  {
    name: 'a field named __proto__ in the event and in the actor',
    line: (id, time) => whole({ id, time, more: ',"__proto__":{"scope":"swarm"}' }),
    attested: ['"scope":"local"'],
  },
  {
    name: 'one label twice, with one value',
    line: labels('"twice":"same","twice":"same"'),
    attested: ['"attributes":{"twice":"same"}'],
  },
  { name: 'a lone surrogate in a value', line: labels('"a":"x\\udfff"'), attested: ['"a":"x\ufffd"'] },
  { name: 'a lone surrogate in a name', line: labels('"a\\ud800":"x"'), attested: ['"a\ufffd":"x"'] },
  {
    name: 'names that differ in lone surrogates alone',
    line: labels('"k\\ud800":"1","k\\udc00":"2"'),
    attested: ['"attributes":{"k\ufffd":'],
  },
  { name: 'a pair of surrogates', line: labels('"a":"\\ud83d\\ude00"'), attested: ['"a":"\u{1f600}"'] },
  {
    name: 'NUL, newline and escape in a value',
    line: labels('"a":"\\u0000\\n\\u001b[31m"'),
    attested: ['\\u0000\\n\\u001b'],
  },
  { name: 'line separators in a value', line: labels('"a":"\u2028\u2029"'), attested: ['"a":"\u2028\u2029"'] },
  { name: 'names in another order', line: labels('"b":"","9":"","10":""'), attested: ['{"10":"","9":"","b":""}'] },
  {
    name: 'a value of 1 KiB',
    line: labels(`"a":"${'x'.repeat(KIBIBYTE)}"`),
    attested: [`"a":"${'x'.repeat(KIBIBYTE)}"`],
  },
  { name: 'a value over 1 KiB', line: labels(`"a":"${'x'.repeat(KIBIBYTE + 1)}"`), attested: ['"a":"sha256:'] },
  { name: 'attributes over 16 KiB', line: labels(many(20, 1000)), attested: ['"attributes":"sha256:'] },
  { name: 'a thousand labels over 1 MiB', line: labels(many(800, 2000)), attested: ['"attributes":"sha256:'] },
  { name: 'no attributes', line: (id, time) => whole({ id, time, attributes: 'null' }), attested: ['"attributes":{}'] },
  {
    name: 'an action with a command line over 1 KiB',
    line: (id, time) => whole({ id, time, action: `"exec_create: ${'y'.repeat(2000)}"` }),
    attested: ['"action":"exec_create"', '"detail":"sha256:'],
  },
  {
    name: 'integers above 2^53 and numbers beyond a double beside it',
    line: (id, time) => whole({ id, time, more: ',"extra":[9007199254740993,1e999,-0]' }),
    attested: ['"scope":"local"'],
  },
  {
    name: 'nesting a hundred deep beside it',
    line: (id, time) => whole({ id, time, more: `,"extra":${'['.repeat(100)}${']'.repeat(100)}` }),
    attested: ['"scope":"local"'],
  },
  { name: 'a carriage return at its end', line: (id, time) => `${whole({ id, time })}\r`, attested: ['"name":"n"'] },
  { name: 'blanks around it', line: (id, time) => `  ${whole({ id, time })}\t`, attested: ['"name":"n"'] },

  { name: 'words', line: () => 'Error response from daemon', refused: ['EVENT_JSON', 'JSON'] },
  { name: 'half a line', line: (id, time) => whole({ id, time }).slice(0, 60), refused: ['EVENT_JSON', 'JSON'] },
  { name: 'two events in a line', line: (id, time) => whole({ id, time }).repeat(2), refused: ['EVENT_JSON', 'JSON'] },
  { name: 'nesting without end', line: () => '['.repeat(100_000), refused: ['EVENT_JSON', 'nested too deeply'] },
  {
    name: 'nesting without end beside an event',
    line: (id, time) => whole({ id, time, more: `,"extra":${'['.repeat(100_000)}` }),
    refused: ['EVENT_JSON', 'nested too deeply'],
  },
  {
    name: 'one label twice, with two values',
    line: labels('"twice":"one","twice":"other"'),
    refused: ['EVENT_JSON', 'twice'],
  },
  {
    name: 'one field twice, with two values',
    line: (id, time) => whole({ id, time, more: ',"Action":"die"' }),
    refused: ['EVENT_JSON', 'Action'],
  },
  { name: 'a list', line: () => '[]', refused: ['EVENT_SHAPE', 'no JSON object'] },
  { name: 'a number', line: () => '12345678901234567890', refused: ['EVENT_SHAPE', 'no JSON object'] },
  { name: 'null', line: () => 'null', refused: ['EVENT_SHAPE', 'no JSON object'] },
  { name: 'an object that is no event', line: () => '{}', refused: ['EVENT_SHAPE', 'Actor'] },
  {
    name: 'an action that is only a detail',
    line: (id, time) => whole({ id, time, action: '": sh"' }),
    refused: ['EVENT_SHAPE', 'Action'],
  },
  {
    name: 'an empty action',
    line: (id, time) => whole({ id, time, action: '""' }),
    refused: ['EVENT_SHAPE', 'Action'],
  },
  {
    name: 'a scope that is none',
    line: (id, time) => whole({ id, time, scope: '"global"' }),
    refused: ['EVENT_SHAPE', 'scope'],
  },
  ...['1', 'null', 'true', '{}', '["x"]'].map((value) => ({
    name: `a label that is ${value}`,
    line: labels(`"a":${value}`),
    refused: ['EVENT_SHAPE', 'attributes'] as const,
  })),
  {
    name: 'attributes that are a list',
    line: (id, time) => whole({ id, time, attributes: '[]' }),
    refused: ['EVENT_SHAPE', 'Attributes'],
  },
  ...['9223372036854775808', '-1', '1.5', '1e18', '"1"', 'null'].map((time) => ({
    name: `a time of ${time}`,
    line: (id: string) => whole({ id, time }),
    refused: ['EVENT_SHAPE', 'timeNano'] as const,
  })),
];
