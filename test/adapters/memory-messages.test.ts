import { memoryMessages } from '#adapters/memory-messages.ts';
import { messagesContract } from '../contracts/messages.contract.ts';

messagesContract('memory', async (now) => {
  const messages = memoryMessages(now);
  return { messages, come: async () => messages.come() };
});
