import type { TestCase, TestModule, TestSuite } from 'vitest/node';

const MARK = 'left out: ';

/**
 * A vitest reporter: after all else, one line for each suite that this machine could not run, with the reason.
 * A run that says "passed" must not hide what it never tried.
 */
export default class ReportLeftOut {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const lines = modules.flatMap((module) => [...module.children.allTests('skipped')].flatMap(describeTest));
    if (lines.length > 0) console.log(`\nLeft out on this machine:\n${lines.join('\n')}\n`);
  }
}

function describeTest(test: TestCase): string[] {
  if (!test.name.startsWith(MARK)) return [];
  const suite = (test.parent as TestSuite | TestModule).type === 'suite' ? (test.parent as TestSuite).name : '';
  return [`  ${test.module.relativeModuleId}: ${suite}: ${test.name.slice(MARK.length)}`];
}
