import { holdToDocumentation } from './hold.ts';

// Beside openssh.test.ts, so that both run at once.
holdToDocumentation(({ name }) => name !== 'openssh');
