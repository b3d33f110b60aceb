/** The Lambda layer with hnswlib-node for one processor, assembled from what layers/native holds. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Architecture, Code, LayerVersion, Runtime } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import { assembleLayer } from '#native/layer.ts';

export class NativeLayer extends Construct {
  readonly version: LayerVersion;

  constructor(scope: Construct, id: string, architecture: 'arm64' | 'x86_64') {
    super(scope, id);
    const folder = mkdtempSync(join(tmpdir(), 'akin-layer-'));
    try {
      assembleLayer(architecture, folder);
      this.version = new LayerVersion(this, 'version', {
        description: 'hnswlib-node, loaded only when a search needs a graph',
        code: Code.fromAsset(folder), // copied beside the template at once
        compatibleRuntimes: [Runtime.NODEJS_24_X],
        compatibleArchitectures: [architecture === 'arm64' ? Architecture.ARM_64 : Architecture.X86_64],
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
}
