/** One app, one stack. `npx cdk synth` writes its only template; cdk-nag's findings fail it. */
import { App, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import { settingsFrom } from '#application/settings.ts';
import { AkinStack } from './akin-stack.ts';
import { stackSettingsFrom } from './stack-settings.ts';

const app = new App();
Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
new AkinStack(app, 'akin', {
  description: 'akin: look-alike audiences from dropped files, paid by use',
  settings: settingsFrom(process.env),
  environment: Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith('AKIN_'))),
  stack: stackSettingsFrom(app.node),
});
