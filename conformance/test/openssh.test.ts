import { holdToDocumentation } from './hold.ts';

holdToDocumentation(({ name }) => name === 'openssh');
