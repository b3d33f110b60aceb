import { memoryLedger } from '#adapters/memory-ledger.ts';
import { ledgerContract } from '../contracts/ledger.contract.ts';

ledgerContract('memory', memoryLedger);
