import { setFlagsFromString } from 'node:v8';

/**
 * Has V8 optimize what is run a few times more often than it usually asks for, and inline less into it. A comparison is over
 * within a second or two, and by default a quarter of its CPU goes into optimizing what runs some thousand times: measured with
 * three logs of 1,000,000 events it takes an eighth less like this. For the process of a command alone, before it begins.
 */
export function optimizeLess(): void {
  setFlagsFromString('--interrupt-budget=400000');
  setFlagsFromString('--max-inlined-bytecode-size-cumulative=300');
}
