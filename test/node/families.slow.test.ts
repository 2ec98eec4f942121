import { families } from '../helpers/families.ts';
import { describeFamilyLogs } from './family-logs.ts';

describeFamilyLogs(families);
