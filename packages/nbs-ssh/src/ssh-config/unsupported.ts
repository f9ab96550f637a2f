/** An option that ssh has and we do not do. */
export interface UnsupportedOption {
  readonly name: string;
  /** Values, in lower case, that ask for nothing: not even a note is due. */
  readonly harmless: readonly string[];
  /** `refuse`: going on without it would be less safe than what was asked for. */
  readonly level: 'warning' | 'note' | 'refuse';
  /** What happens instead, as the end of a sentence. */
  readonly instead: string;
}

const OFF = ['no', 'false', 'none'] as const;

const unsupported = (
  name: string,
  level: UnsupportedOption['level'],
  instead: string,
  harmless: readonly string[] = OFF,
): UnsupportedOption => ({ name, harmless, level, instead });

const ONE_CONNECTION = 'each connection is one of its own';
const NO_CANONICAL = 'names are taken as they are written';
const NO_KERBEROS = 'Kerberos is not tried';
const NO_TUNNEL = 'no tunnel is opened';
const GONE = 'it has no meaning any more';

/** By what they are about. The manual of OpenSSH 10.6, and what Debian, Fedora and Apple add to it. */
export const UNSUPPORTED_OPTIONS: readonly UnsupportedOption[] = [
  unsupported(
    'RevokedHostKeys',
    'refuse',
    'revoked keys would be accepted; mark them @revoked in known_hosts',
  ),
  unsupported('RequiredRSASize', 'warning', 'the limit is 2048 bits', ['1024', '2048']),
  unsupported('RSAMinSize', 'warning', 'the limit is 2048 bits', ['1024', '2048']),
  unsupported('VerifyHostKeyDNS', 'warning', 'DNS is not asked for host keys'),
  unsupported('KnownHostsCommand', 'warning', 'only known_hosts files are looked at'),
  unsupported('NoHostAuthenticationForLocalhost', 'warning', 'the host key is checked'),
  unsupported('CheckHostIP', 'note', 'the address is looked up where the name is unknown', [
    'no',
    'false',
    'yes',
    'true',
  ]),
  unsupported('VisualHostKey', 'note', 'fingerprints are shown as text'),
  unsupported('FingerprintHash', 'note', 'fingerprints are SHA-256', ['sha256']),
  unsupported('WarnWeakCrypto', 'note', 'what is negotiated is shown with -v', []),

  unsupported('BindInterface', 'warning', 'the system chooses the interface', ['none']),
  unsupported('TCPKeepAlive', 'note', 'the system’s keepalive of TCP is not turned on', OFF),
  unsupported('IPQoS', 'note', 'packets are not marked', ['none']),
  unsupported('ProxyUseFdpass', 'warning', 'the command itself carries the data'),
  unsupported('CanonicalDomains', 'note', NO_CANONICAL, ['none']),
  unsupported('CanonicalizeFallbackLocal', 'note', NO_CANONICAL, ['yes', 'true']),
  unsupported('CanonicalizeMaxDots', 'note', NO_CANONICAL, []),
  unsupported('CanonicalizePermittedCNAMEs', 'note', NO_CANONICAL, ['none']),
  unsupported('ControlMaster', 'note', ONE_CONNECTION),
  unsupported('ControlPath', 'note', ONE_CONNECTION, ['none']),
  unsupported('ControlPersist', 'note', ONE_CONNECTION),
  unsupported('ChannelTimeout', 'note', 'channels have no time limit', ['none']),
  unsupported('ObscureKeystrokeTiming', 'note', 'keys are sent when they are typed', OFF),
  unsupported('VersionAddendum', 'note', 'we tell our own version', ['none']),
  unsupported('CompressionLevel', 'note', 'nothing is compressed', []),

  unsupported('AddKeysToAgent', 'note', 'no key is given to the agent'),
  unsupported('UseKeychain', 'note', 'the keychain is not asked'),
  unsupported('PKCS11Provider', 'warning', 'keys of tokens are not tried', ['none']),
  unsupported('SmartcardDevice', 'warning', 'keys of tokens are not tried', ['none']),
  unsupported('SecurityKeyProvider', 'note', 'security keys are used through the agent', [
    'internal',
    'none',
  ]),
  unsupported('EnableSSHKeysign', 'note', 'host-based login is not tried'),
  unsupported('HostbasedAcceptedAlgorithms', 'note', 'host-based login is not tried', []),
  unsupported('KbdInteractiveDevices', 'note', 'the server chooses the method', []),
  ...['GSSAPIAuthentication', 'GSSAPIDelegateCredentials', 'GSSAPIKeyExchange', 'GSSAPITrustDNS'].map(
    (name) => unsupported(name, 'note', NO_KERBEROS),
  ),
  ...['GSSAPIClientIdentity', 'GSSAPIServerIdentity', 'GSSAPIRenewalForcesRekey', 'GSSAPIKexAlgorithms'].map(
    (name) => unsupported(name, 'note', NO_KERBEROS),
  ),

  unsupported('Tunnel', 'warning', NO_TUNNEL),
  unsupported('TunnelDevice', 'note', NO_TUNNEL, ['any', 'any:any']),
  unsupported('PermitRemoteOpen', 'refuse', 'a remote forward could reach everything', ['any']),
  unsupported('StreamLocalBindMask', 'note', 'sockets are made with mode 0600', []),
  unsupported('EnableEscapeCommandline', 'note', 'there is no ~C'),
  unsupported('SyslogFacility', 'note', 'nothing is written to the system’s log', []),
  unsupported('LogVerbose', 'note', '-v tells what happens', ['none']),

  unsupported('ProtocolKeepAlives', 'note', 'ServerAliveInterval does the same', []),
  unsupported('SetupTimeOut', 'note', 'ConnectTimeout does the same', []),
  ...[
    'Protocol',
    'Cipher',
    'FallBackToRsh',
    'GlobalKnownHostsFile2',
    'RhostsAuthentication',
    'UserKnownHostsFile2',
    'UseRoaming',
    'UseRsh',
    'UsePrivilegedPort',
    'UseBlacklistedKeys',
    'AFSTokenPassing',
    'KerberosAuthentication',
    'KerberosTGTPassing',
    'RSAAuthentication',
    'RhostsRSAAuthentication',
  ].map((name) => unsupported(name, 'note', GONE)),
];
