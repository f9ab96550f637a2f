// npm test: sets up, checks, gets the real servers that can be had, and runs every test.
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { check } from './check.mjs';
import { fetchPeers } from './fetch-peers.mjs';
import { installPeers } from './install-peers.mjs';
import { bin, readJson, root, run, script } from './lib/repo.mjs';
import { setup } from './setup.mjs';

await script(async () => {
  await setup();
  const failedChecks = await check();
  const obstacle = await installPeers();
  if (obstacle !== undefined) console.log(`peers: ${obstacle}; tests that need them are skipped`);
  await fetchPeers();

  const report = join(root, 'node_modules', '.nbs-ssh-tests.json');
  rmSync(report, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const { code } = await run(bin('vitest'), ['run', ...reporters, ...process.argv.slice(2)]);
  if (code !== 0 || failedChecks.length > 0) process.exitCode = 1;

  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = readJson(report);
  // A file that could not be loaded has no tests to count.
  const broken = testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.length === 0,
  ).length;
  const outside = code !== 0 && numFailedTests + broken === 0 ? 1 : 0;
  if (failedChecks.length > 0) console.log(`checks failed: ${failedChecks.join(', ')}`);
  if (broken > 0) console.log(`test files that could not run: ${broken}`);
  if (outside > 0) console.log('the run failed outside of any test: see above');
  // A failed check counts as a failed test: the last line alone must not look green.
  const failed = numFailedTests + broken + outside + failedChecks.length;
  console.log(`${numPassedTests} passed, ${failed} failed, ${numPendingTests + numTodoTests} skipped`);
});
