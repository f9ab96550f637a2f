import { afterAll } from 'vitest';

// Vitest reports an unhandled rejection as an error of the run; process warnings (a leaked listener, a late
// handler) would only be printed, so they are counted here and fail the file that caused them.
const warnings: string[] = [];
const remember = (warning: Error): void => {
  if (warning.name !== 'ExperimentalWarning') warnings.push(`${warning.name}: ${warning.message}`);
};
process.on('warning', remember);

afterAll(() => {
  if (warnings.length > 0) throw new Error(`process warnings: ${warnings.join('; ')}`);
});
