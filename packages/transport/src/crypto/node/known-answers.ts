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
  | 'hmacSha256'
  | 'hmacSha512';
