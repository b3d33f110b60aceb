/**
 * What the local stack knows of a template: kinds of resources and their properties, each with what becomes of it here.
 * Anything else is refused by its name before anything starts: a property that is silently ignored would be a lie.
 */

/** `run`: it does here what it does in AWS. Any other text: what is left out, and why that changes no result. */
type Treatment = string;

const NO_ALARM = 'nobody is paged by a laptop';
const NO_LOG_GROUP = 'logs go to the terminal';

export const VOCABULARY: Readonly<Record<string, Readonly<Record<string, Treatment>> | Treatment>> = {
  'AWS::S3::Bucket': {
    NotificationConfiguration: 'run',
    BucketEncryption: 'files are as safe as the disk',
    LifecycleConfiguration: 'what steps leave to each other stays until the folder is deleted',
    PublicAccessBlockConfiguration: 'the server listens on the loopback alone, and knows who asks',
  },
  'AWS::S3::BucketPolicy': 'it asks for TLS, and the loopback has none',
  'AWS::DynamoDB::GlobalTable': {
    KeySchema: 'run',
    AttributeDefinitions: 'run',
    BillingMode: 'run',
    Replicas: 'there is one region here, and no recovery to a point in time',
    SSESpecification: 'files are as safe as the disk',
    TimeToLiveSpecification: 'readers look at the time themselves, as they must in AWS',
  },
  'AWS::SQS::Queue': {
    DelaySeconds: 'run',
    VisibilityTimeout: 'run',
    RedrivePolicy: 'run',
    MessageRetentionPeriod: 'messages stay until they are taken',
    SqsManagedSseEnabled: 'files are as safe as the disk',
  },
  'AWS::SQS::QueuePolicy': 'it lets the event bus send and asks for TLS, and the loopback has none',
  'AWS::Lambda::Function': {
    Code: 'run',
    Handler: 'run',
    Runtime: 'run',
    Environment: 'run',
    Layers: 'run',
    MemorySize: 'run',
    Timeout: 'run',
    Architectures: 'the layer is chosen by it; functions run on this processor',
    Role: 'run',
    LoggingConfig: NO_LOG_GROUP,
    TracingConfig: 'traces are made and sent to nobody',
  },
  'AWS::Lambda::EventInvokeConfig': {
    FunctionName: 'run',
    MaximumRetryAttempts: 'run',
    DestinationConfig: 'run',
    Qualifier: 'there is one version of each function',
    MaximumEventAgeInSeconds: 'events are tried again at once',
  },
  'AWS::Lambda::Alias': { FunctionName: 'run', FunctionVersion: 'run', Name: 'run' },
  'AWS::Lambda::Permission': 'who may call a function stands in the rule',
  'AWS::Lambda::LayerVersion': {
    Content: 'run',
    Description: 'for people',
    CompatibleRuntimes: 'for people',
    CompatibleArchitectures: 'for people',
  },
  'AWS::Lambda::EventSourceMapping': {
    EventSourceArn: 'run',
    FunctionName: 'run',
    BatchSize: 'run',
    FunctionResponseTypes: 'run',
    ScalingConfig: 'run',
  },
  'AWS::Events::Rule': { EventPattern: 'run', Targets: 'run', State: 'run' },
  'AWS::StepFunctions::StateMachine': {
    StateMachineName: 'run',
    DefinitionString: 'run',
    RoleArn: 'run',
    LoggingConfiguration: NO_LOG_GROUP,
    TracingConfiguration: 'traces are made and sent to nobody',
  },
  'AWS::ApiGateway::RestApi': {
    Name: 'for people',
    Description: 'for people',
    EndpointConfiguration: 'there is one address here',
  },
  'AWS::ApiGateway::Resource': { ParentId: 'run', PathPart: 'run', RestApiId: 'run' },
  'AWS::ApiGateway::Method': {
    HttpMethod: 'run',
    ResourceId: 'run',
    RestApiId: 'run',
    Integration: 'run',
    AuthorizationType: 'every request is signed here',
  },
  'AWS::ApiGateway::Stage': {
    StageName: 'run',
    RestApiId: 'run',
    DeploymentId: 'what is in the template is deployed',
    MethodSettings: 'run',
  },
  'AWS::ApiGateway::Deployment': 'what is in the template is deployed',
  'AWS::ApiGateway::GatewayResponse': {
    RestApiId: 'run',
    ResponseType: 'run',
    StatusCode: 'run',
    ResponseParameters: 'run',
    ResponseTemplates: 'run',
  },
  'AWS::IAM::Role': { AssumeRolePolicyDocument: 'whose role it is stands where it is used' },
  'AWS::IAM::Policy': { PolicyDocument: 'run', Roles: 'run', PolicyName: 'for people' },
  'AWS::Logs::LogGroup': NO_LOG_GROUP,
  'AWS::CloudWatch::Alarm': NO_ALARM,
};
