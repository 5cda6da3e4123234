/** I420 as three R8 textures, converted in the fragment shader: half the bytes of RGBA, and the GPU does the colours. */
import { I420, type Frame } from './protocol';
import type { Renderer } from './renderer';

const VERTEX = `#version 300 es
out vec2 at;
void main() {
  vec2 corner = vec2(float((gl_VertexID << 1) & 2), float(gl_VertexID & 2));
  at = vec2(corner.x, 1.0 - corner.y);
  gl_Position = vec4(corner * 2.0 - 1.0, 0.0, 1.0);
}`;

// BT.601, limited range: what cameras and WebRTC codecs carry.
const FRAGMENT = `#version 300 es
precision mediump float;
in vec2 at;
uniform sampler2D luma, blue, red;
out vec4 colour;
void main() {
  float y = 1.164383 * (texture(luma, at).r - 0.062745);
  float u = texture(blue, at).r - 0.501961;
  float v = texture(red, at).r - 0.501961;
  colour = vec4(y + 1.596027 * v, y - 0.391762 * u - 0.812968 * v, y + 2.017232 * u, 1.0);
}`;

export function createWebgl2(canvas: HTMLCanvasElement): Renderer | null {
  const gl = canvas.getContext('webgl2', { alpha: false, antialias: false, depth: false, preserveDrawingBuffer: true });
  const program = gl && link(gl);
  if (!gl || !program) return null;
  gl.useProgram(program);
  const planes = ['luma', 'blue', 'red'].map((name, unit) => plane(gl, program, name, unit));
  gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1);
  let width = 0;
  let height = 0;

  const upload = (unit: number, pixels: Uint8Array, planeWidth: number, planeHeight: number, fresh: boolean): void => {
    gl.activeTexture(gl.TEXTURE0 + unit);
    gl.bindTexture(gl.TEXTURE_2D, planes[unit] ?? null);
    if (fresh) gl.texImage2D(gl.TEXTURE_2D, 0, gl.R8, planeWidth, planeHeight, 0, gl.RED, gl.UNSIGNED_BYTE, pixels);
    else gl.texSubImage2D(gl.TEXTURE_2D, 0, 0, 0, planeWidth, planeHeight, gl.RED, gl.UNSIGNED_BYTE, pixels);
  };

  return {
    kind: 'webgl2',
    format: I420,
    draw(frame: Frame): boolean {
      if (frame.format !== I420 || gl.isContextLost()) return false;
      const fresh = frame.width !== width || frame.height !== height;
      if (fresh) {
        canvas.width = width = frame.width;
        canvas.height = height = frame.height;
        gl.viewport(0, 0, width, height);
      }
      const chromaWidth = Math.ceil(width / 2);
      const chromaHeight = Math.ceil(height / 2);
      const luma = width * height;
      const chroma = chromaWidth * chromaHeight;
      upload(0, frame.pixels.subarray(0, luma), width, height, fresh);
      upload(1, frame.pixels.subarray(luma, luma + chroma), chromaWidth, chromaHeight, fresh);
      upload(2, frame.pixels.subarray(luma + chroma), chromaWidth, chromaHeight, fresh);
      gl.drawArrays(gl.TRIANGLES, 0, 3);
      return true;
    },
    dispose() {
      for (const texture of planes) gl.deleteTexture(texture);
      gl.deleteProgram(program);
    },
  };
}

/** What draws WebGL here, by the driver's name; null when there is no WebGL2. */
export function webglRendererName(): string | null {
  const gl = document.createElement('canvas').getContext('webgl2');
  if (!gl) return null;
  const info = gl.getExtension('WEBGL_debug_renderer_info');
  const name: unknown = gl.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : gl.RENDERER);
  gl.getExtension('WEBGL_lose_context')?.loseContext();
  return typeof name === 'string' ? name : null;
}

function plane(gl: WebGL2RenderingContext, program: WebGLProgram, name: string, unit: number): WebGLTexture {
  const texture = gl.createTexture();
  gl.activeTexture(gl.TEXTURE0 + unit);
  gl.bindTexture(gl.TEXTURE_2D, texture);
  for (const axis of [gl.TEXTURE_WRAP_S, gl.TEXTURE_WRAP_T]) gl.texParameteri(gl.TEXTURE_2D, axis, gl.CLAMP_TO_EDGE);
  for (const filter of [gl.TEXTURE_MIN_FILTER, gl.TEXTURE_MAG_FILTER]) gl.texParameteri(gl.TEXTURE_2D, filter, gl.LINEAR);
  gl.uniform1i(gl.getUniformLocation(program, name), unit);
  return texture;
}

function link(gl: WebGL2RenderingContext): WebGLProgram | null {
  const program = gl.createProgram();
  for (const [type, source] of [[gl.VERTEX_SHADER, VERTEX], [gl.FRAGMENT_SHADER, FRAGMENT]] as const) {
    const shader = gl.createShader(type);
    if (!shader) return null;
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
    gl.deleteShader(shader);
  }
  gl.linkProgram(program);
  return gl.getProgramParameter(program, gl.LINK_STATUS) ? program : null;
}
