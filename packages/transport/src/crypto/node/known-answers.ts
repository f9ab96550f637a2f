/**
 * What the suites in JavaScript answer to the questions of `detect.ts`, in hex; the platform's must answer the same.
 * A test computes them anew.
 */
export const KNOWN: { readonly [Name in Known]: string } = {
  x25519: 'c8feca81be196cdf2cadeabf13c4903d7632dce4955aa68b6e5d9adef54e2616',
  aes128Gcm: 'a7cb32430ece6778d0e338d9af6b55c7',
  aes256Gcm: 'cd71406edfbb640be5a12b5972d82b1c',
  aes128Ctr: 'aa6155b51964496e10025586b048f18c',
  aes192Ctr: '2aebe365d5f4d79fd714caea540b6831',
  aes256Ctr: '0b5f6438b49d6449e60dc8d03dbeb56b',
  aes128Cbc: '614a3b26a2931204c5bbbde0924e22a6',
  aes192Cbc: 'da4f4d81238d4a30dc9bd8b094c6b536',
  aes256Cbc: '6bd17bd3df1d5fc3fe479f706fb5452a',
  tripleDesCbc: 'bad0c21223ff73ea0b4b64c513954b1d',
  hmacSha1: '0f256db11e44acbbc4cfe353bdb0a373',
  hmacSha256: '3290923e75c0ce13c277ca2d4327e2e6',
  hmacSha512: '377142e4f1d7ca96e690118568628da8',
};

export type Known =
  | 'x25519'
  | 'aes128Gcm'
  | 'aes256Gcm'
  | 'aes128Ctr'
  | 'aes192Ctr'
  | 'aes256Ctr'
  | 'aes128Cbc'
  | 'aes192Cbc'
  | 'aes256Cbc'
  | 'tripleDesCbc'
  | 'hmacSha1'
  | 'hmacSha256'
  | 'hmacSha512';
