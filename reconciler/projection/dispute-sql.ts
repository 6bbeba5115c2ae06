import { MOST_ACTS_TOLD } from '../exchange-form.js';

/**
 * The acts that a report may tell: those after the batch transaction `@after`, and the openings before it of disputes
 * about the day `@day`, unless they were opened again since.
 */
const CANDIDATES = `
  SELECT number, finding, opened_by, actor FROM dispute_acts WHERE seq >= @after
  UNION ALL
  SELECT number, finding, opened_by, actor FROM dispute_acts AS opening WHERE opens = @day AND seq < @after
    AND NOT EXISTS (
      SELECT 1 FROM dispute_acts AS later WHERE later.finding = opening.finding AND later.opened_by = opening.opened_by
        AND later.number > opening.number AND later.opens IS NOT NULL
    )`;

/** Those that it tells: the first of each actor, then the second of each, and so on. */
export const chosenActs = `
  SELECT number, finding, opened_by AS openedBy, (
    SELECT opens FROM dispute_acts AS opening WHERE opening.finding = chosen.finding
      AND opening.opened_by = chosen.opened_by AND opens IS NOT NULL ORDER BY opening.number DESC LIMIT 1
  ) AS day FROM (
    SELECT *, row_number() OVER (PARTITION BY actor ORDER BY number) AS place FROM (${CANDIDATES})
  ) AS chosen ORDER BY place, number LIMIT ${MOST_ACTS_TOLD}`;

/** The disputes about a finding, each with the day of its last opening. */
export const disputesAbout = `
  SELECT finding, opened_by AS openedBy, opens AS day FROM dispute_acts WHERE number IN (
    SELECT max(number) FROM dispute_acts WHERE finding = ? AND opens IS NOT NULL GROUP BY opened_by
  )`;

/** In how many disputes they were done. */
export const disputesSince = `SELECT count(*) FROM (SELECT DISTINCT finding, opened_by FROM (${CANDIDATES}))`;
