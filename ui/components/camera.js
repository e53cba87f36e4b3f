// @ts-check
// The camera, for Live and Teach: opened, explained where it is refused, read, and closed.
import { phrase } from './dom.js';

const SIZE = { width: { ideal: 640 }, height: { ideal: 480 }, facingMode: 'user' };
/** @type {Record<string, string>} */
const REASONS = {
  InsecureError: 'live.insecure',
  NotAllowedError: 'live.refused',
  SecurityError: 'live.refused',
  NotFoundError: 'live.none',
  OverconstrainedError: 'live.none',
  NotReadableError: 'live.busy',
  AbortError: 'live.busy',
};
const sheet = document.createElement('canvas');

/**
 * Ask for the camera's stream.
 * @param {MediaTrackConstraints} [more]
 * @returns {Promise<MediaStream>} rejected with what `cameraProblem` explains
 */
export async function requestStream(more = {}) {
  if (!navigator.mediaDevices?.getUserMedia) throw new DOMException('', 'InsecureError');
  return navigator.mediaDevices.getUserMedia({ audio: false, video: { ...SIZE, ...more } });
}

/**
 * Stop a stream, so that the camera's light goes out.
 * @param {MediaStream | null | undefined} stream
 */
export function stopStream(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

/**
 * Why the camera did not open, and what to do.
 * @param {any} error
 * @returns {Sentence}
 */
export function cameraProblem(error) {
  if (error instanceof RefusedError) return error.sentence;
  const key = REASONS[error.name];
  return key ? phrase(key) : phrase('live.other', error.message || error.name);
}

/**
 * The picture that a video shows, as a JPEG. Never mirrored: left stays left.
 * @param {HTMLVideoElement} video
 * @param {number} longest the longer side, in pixels
 * @param {number} quality
 */
export function snapshot(video, longest, quality) {
  const scale = Math.min(1, longest / Math.max(video.videoWidth, video.videoHeight));
  sheet.width = Math.round(video.videoWidth * scale);
  sheet.height = Math.round(video.videoHeight * scale);
  sheet.getContext('2d')?.drawImage(video, 0, 0, sheet.width, sheet.height);
  return sheet.toDataURL('image/jpeg', quality);
}

/** The server does not want the camera opened; `sentence` says why. */
export class RefusedError extends Error {
  /** @param {Sentence} sentence */
  constructor(sentence) {
    super('refused by the server');
    this.sentence = sentence;
  }
}

/** Its user closed the camera while it was being opened. */
export class ClosedError extends Error {}

/**
 * Who shows the camera's picture.
 * @typedef {{ video: HTMLVideoElement, close: () => void }} CameraUser
 */

/** One stream for several users; the camera is closed when the last one leaves. */
export class SharedCamera {
  /** @param {() => Promise<Sentence | undefined>} refusal asked before the camera opens: why it must not */
  constructor(refusal) {
    this.refusal = refusal;
    /** @type {Set<CameraUser>} */
    this.users = new Set();
    /** @type {Promise<MediaStream> | null} */
    this.stream = null;
    /** Whether it was opened before: then its user has allowed it, and expects it. */
    this.used = false;
  }

  /**
   * Show the camera in a user's video.
   * @param {CameraUser} user
   */
  async open(user) {
    if (!navigator.mediaDevices?.getUserMedia) throw new DOMException('', 'InsecureError');
    const sentence = await this.refusal();
    if (sentence) throw new RefusedError(sentence);
    this.users.add(user);
    this.stream ??= requestStream();
    let stream;
    try {
      stream = await this.stream;
    } catch (error) {
      this.stream = null;
      this.users.delete(user);
      throw error;
    }
    if (!this.users.has(user)) {
      this.close(user);
      throw new ClosedError();
    }
    user.video.srcObject = stream;
    await user.video.play();
    this.used = true;
  }

  /** @param {CameraUser} user */
  close(user) {
    this.users.delete(user);
    user.video.srcObject = null;
    if (this.users.size || !this.stream) return;
    this.stream.then(stopStream, () => {});
    this.stream = null;
  }

  /** Let every user go. */
  closeAll() {
    for (const user of [...this.users]) user.close();
  }
}

/** A video for the camera's picture. */
export function cameraVideo() {
  const video = document.createElement('video');
  video.muted = true;
  video.playsInline = true;
  return video;
}
