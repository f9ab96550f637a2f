// What is measured of local forwards, with which peers, and the goals.

const SSH2 = ['ssh2', 'ssh2-nodelay', 'ssh2-addon', 'ssh2-addon-nodelay'];
const CHACHA = 'chacha20-poly1305@openssh.com';
const GCM = 'aes128-gcm@openssh.com';
const goal = (peer, against, limit) => ({ peer, against, limit });

const bulk = (work, cipher, { streams = 1, peers, goals }) => {
  const short = cipher.replace(/@.*/, '');
  const many = streams === 1 ? '' : `, ${streams} streams`;
  return {
    name: `forward-${work}-${short}${streams === 1 ? '' : `-${streams}`}`,
    title: `${work} through -L, ${short}${many}`,
    unit: 'MB/s',
    cpuUnit: 'CPU s/GiB',
    better: 'more',
    work,
    parameters: { mib: 128, streams },
    quick: { mib: 32, streams },
    target: { cipher },
    peers,
    goals,
    forward: true,
  };
};

const CHACHA_PEERS = ['noble', 'node', 'ssh2', 'ssh2-addon', 'openssh'];
const GCM_PEERS = ['node', 'ssh2', 'ssh2-addon', 'openssh'];
const CHACHA_GOALS = [goal('noble', 'ssh2', 0.28), goal('node', 'ssh2', 1)];
const GCM_GOALS = [goal('node', 'ssh2', 1), goal('node', 'ssh2-addon', 1)];

const echo = (percentile, goals) => ({
  name: `forward-echo-${percentile}`,
  title: `1 byte there and back through -L, ${percentile === 50 ? 'median' : `${percentile} % below`}`,
  unit: 'µs',
  cpuUnit: 'CPU ms each',
  better: 'less',
  work: 'echo',
  parameters: { count: 2000, percentile },
  quick: { count: 500, percentile },
  // At 44 ms a byte it would take most of the run.
  sizes: { ssh2: { count: 40, percentile } },
  target: { cipher: CHACHA },
  peers: ['direct', 'noble', 'node', ...SSH2, 'openssh'],
  goals,
  forward: true,
});

const connects = (parallel, goals) => ({
  name: `forward-connect-${parallel}`,
  title: `connections through -L, ${parallel === 1 ? 'one by one' : `${parallel} at once`}`,
  unit: 'per s',
  cpuUnit: 'CPU ms each',
  better: 'more',
  work: 'connect',
  parameters: { count: parallel === 1 ? 300 : 600, parallel },
  quick: { count: parallel === 1 ? 50 : 200, parallel },
  // At 45 ms a connection the slow variants would take most of the run.
  ...(parallel === 1
    ? { sizes: { ssh2: { count: 30, parallel }, 'ssh2-addon': { count: 30, parallel } } }
    : {}),
  target: { cipher: CHACHA },
  peers: ['direct', 'noble', 'node', ...SSH2, 'openssh'],
  goals,
  forward: true,
});

export const FORWARD_SUITES = [
  bulk('download', CHACHA, { peers: CHACHA_PEERS, goals: CHACHA_GOALS }),
  bulk('upload', CHACHA, { peers: CHACHA_PEERS, goals: CHACHA_GOALS }),
  bulk('download', GCM, { peers: GCM_PEERS, goals: GCM_GOALS }),
  bulk('upload', GCM, { peers: GCM_PEERS, goals: GCM_GOALS }),
  bulk('download', CHACHA, { streams: 8, peers: CHACHA_PEERS, goals: CHACHA_GOALS }),
  bulk('upload', CHACHA, { streams: 8, peers: CHACHA_PEERS, goals: CHACHA_GOALS }),
  echo(50, [goal('noble', 'ssh2-nodelay', 1), goal('node', 'ssh2-nodelay', 1)]),
  echo(95, []),
  connects(1, [goal('noble', 'ssh2-nodelay', 1), goal('node', 'ssh2-nodelay', 1)]),
  connects(100, [goal('noble', 'ssh2-nodelay', 1), goal('node', 'ssh2-nodelay', 1)]),
];
