/**
 * The m-lines of our one offer, in the order that the server expects: first those we send, then those we receive. They are
 * made once. Tracks come and go with `replaceTrack`, so nothing is negotiated again.
 */

import { TILE_SLOTS } from '../protocol/words.js';
import { VOICE_BPS } from './uplink.js';

/** @typedef {import('../protocol/words.js').Source} Source */

const AUDIO_SLOTS = 3;
const VIDEO_SLOTS = 2 + TILE_SLOTS;
/** The voice takes precedence over all pictures. */
const VOICE = { maxBitrate: VOICE_BPS[2], priority: /** @type {const} */ ('high'), networkPriority: /** @type {const} */ ('high') };
/** Small, middle and full picture, the lowest first. The server forwards to each viewer the one that fits. */
export const CAMERA_LAYERS = [
  { rid: 'q', scaleResolutionDownBy: 4, maxBitrate: 100_000 },
  { rid: 'h', scaleResolutionDownBy: 2, maxBitrate: 450_000 },
  { rid: 'f', scaleResolutionDownBy: 1, maxBitrate: 1_500_000 },
];
/** Text must be sharp and is still most of the time. */
export const SCREEN_LAYERS = [
  { rid: 'q', scaleResolutionDownBy: 2, maxBitrate: 200_000, maxFramerate: 5 },
  { rid: 'f', scaleResolutionDownBy: 1, maxBitrate: 1_200_000, maxFramerate: 5 },
];

/**
 * @param {RTCPeerConnection} pc fresh
 * @returns {{senders: Record<Source, RTCRtpSender>, receivers: RTCRtpTransceiver[]}}
 */
export function addLines(pc) {
  const microphone = pc.addTransceiver('audio', { direction: 'sendonly', sendEncodings: [VOICE] });
  const camera = pc.addTransceiver('video', { direction: 'sendonly', sendEncodings: CAMERA_LAYERS });
  const screen = pc.addTransceiver('video', { direction: 'sendonly', sendEncodings: SCREEN_LAYERS });
  const receivers = [
    ...Array.from({ length: AUDIO_SLOTS }, () => pc.addTransceiver('audio', { direction: 'recvonly' })),
    ...Array.from({ length: VIDEO_SLOTS }, () => pc.addTransceiver('video', { direction: 'recvonly' })),
  ];
  for (const line of [microphone, camera, screen, ...receivers]) preferOurCodecs(line);
  return { senders: { microphone: microphone.sender, camera: camera.sender, screen: screen.sender }, receivers };
}

/**
 * Only VP8 and Opus, which every browser has, and what repairs them. That shrinks the offer from 130 to 30 kB. Redundant
 * audio (RFC 2198) is listed after Opus, so that it is sent only on request; Firefox does not have it.
 * @param {RTCRtpTransceiver} line
 */
function preferOurCodecs(line) {
  const kind = line.receiver.track.kind;
  const wanted = kind === 'audio' ? [/^audio\/opus$/i, /^audio\/red$/i] : [/^video\/vp8$/i, /^video\/rtx$/i];
  const known = RTCRtpReceiver.getCapabilities(kind)?.codecs ?? [];
  const codecs = wanted.flatMap((name) => known.filter((codec) => name.test(codec.mimeType)));
  if (codecs.length && 'setCodecPreferences' in line) line.setCodecPreferences(codecs);
}
