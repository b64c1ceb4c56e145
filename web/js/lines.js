/**
 * The m-lines of our one offer, in the order that the server expects: what we send, then what we receive. They are made
 * once; tracks come and go on them by `replaceTrack`, so nothing is ever negotiated again.
 */

import { TILE_SLOTS } from './protocol.js';

/** @typedef {import('./protocol.js').Source} Source */

const AUDIO_SLOTS = 3;
const VIDEO_SLOTS = 2 + TILE_SLOTS;
/** Small, middle and full picture: the server forwards to each viewer the one that fits. */
const LAYERS = [
  { rid: 'q', scaleResolutionDownBy: 4, maxBitrate: 150_000 },
  { rid: 'h', scaleResolutionDownBy: 2, maxBitrate: 500_000 },
  { rid: 'f', scaleResolutionDownBy: 1, maxBitrate: 1_500_000 },
];

/**
 * @param {RTCPeerConnection} pc fresh
 * @returns {{senders: Record<Source, RTCRtpSender>, receivers: RTCRtpTransceiver[]}}
 */
export function addLines(pc) {
  const microphone = pc.addTransceiver('audio', { direction: 'sendonly' });
  const camera = pc.addTransceiver('video', { direction: 'sendonly', sendEncodings: LAYERS });
  const screen = pc.addTransceiver('video', { direction: 'sendonly' });
  const receivers = [
    ...Array.from({ length: AUDIO_SLOTS }, () => pc.addTransceiver('audio', { direction: 'recvonly' })),
    ...Array.from({ length: VIDEO_SLOTS }, () => pc.addTransceiver('video', { direction: 'recvonly' })),
  ];
  for (const line of [microphone, camera, screen, ...receivers]) preferOurCodecs(line);
  return { senders: { microphone: microphone.sender, camera: camera.sender, screen: screen.sender }, receivers };
}

/** VP8 and Opus only: the offer shrinks from 130 to 30 kB, and every browser has both. @param {RTCRtpTransceiver} line */
function preferOurCodecs(line) {
  const kind = line.receiver.track.kind;
  const wanted = kind === 'audio' ? /^audio\/opus$/i : /^video\/(vp8|rtx)$/i;
  const codecs = RTCRtpReceiver.getCapabilities(kind)?.codecs.filter((codec) => wanted.test(codec.mimeType)) ?? [];
  if (codecs.length && 'setCodecPreferences' in line) line.setCodecPreferences(codecs);
}
