import { bigintPower, fixedGroupKex } from '../dh/finite-field.ts';
import { groupExchangeKex } from '../dh/group-exchange.ts';
import type { GroupExchangeKexSuite, OneRoundKexSuite } from '../kex.ts';

/** RFC 8268 §2. */
export const dhGroup14Sha256: OneRoundKexSuite = /* @__PURE__ */ fixedGroupKex(
  'diffie-hellman-group14-sha256',
  'sha256',
  2048,
  bigintPower,
);
export const dhGroup16Sha512: OneRoundKexSuite = /* @__PURE__ */ fixedGroupKex(
  'diffie-hellman-group16-sha512',
  'sha512',
  4096,
  bigintPower,
);
export const dhGroup18Sha512: OneRoundKexSuite = /* @__PURE__ */ fixedGroupKex(
  'diffie-hellman-group18-sha512',
  'sha512',
  8192,
  bigintPower,
);
/** RFC 4419 §4.2. */
export const dhGroupExchangeSha256: GroupExchangeKexSuite = /* @__PURE__ */ groupExchangeKex(
  'diffie-hellman-group-exchange-sha256',
  'sha256',
  bigintPower,
);

/** For {@link CryptoProvider.insecure}: SHA-1 over the exchange. RFC 4253 §8.2. */
export const dhGroup14Sha1: OneRoundKexSuite = /* @__PURE__ */ fixedGroupKex(
  'diffie-hellman-group14-sha1',
  'sha1',
  2048,
  bigintPower,
);
/** For {@link CryptoProvider.insecure}: 1024 bits, for which a state can have done the work in advance. RFC 4253 §8.1. */
export const dhGroup1Sha1: OneRoundKexSuite = /* @__PURE__ */ fixedGroupKex(
  'diffie-hellman-group1-sha1',
  'sha1',
  1024,
  bigintPower,
);
