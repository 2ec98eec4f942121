import { readFile } from 'node:fs/promises';

/** A car of cars.csv, which has its source beside it. */
export interface Car {
  readonly name: string;
  /** Miles per US gallon. */
  readonly mpg: number;
  /** Displacement (cubic inches), power (hp), weight (lb), seconds from 0 to 60 mph, and model year, each in standard deviations from the mean. */
  readonly features: readonly number[];
}

/** How many features a car has. */
export const FEATURES = 5;

/**
 * The 392 cars of Auto MPG (R. Quinlan 1993, UCI Machine Learning Repository, CC BY 4.0) whose consumption and power are known, as the package vega-datasets
 * (BSD-3-Clause) has them. Features are standardized over all of them.
 */
export async function loadCars(): Promise<Car[]> {
  const text = await readFile(new URL('cars.csv', import.meta.url), 'utf8');
  const rows = text.trim().split('\n').slice(1).map((line) => line.split(',')); // prettier-ignore
  const columns = Array.from({ length: FEATURES }, (_, k) => rows.map((row) => Number(row[2 + k])));
  const standardized = columns.map((column) => {
    const mean = column.reduce((sum, value) => sum + value, 0) / column.length;
    const deviation = Math.sqrt(column.reduce((sum, value) => sum + (value - mean) ** 2, 0) / column.length);
    return column.map((value) => (value - mean) / deviation);
  });
  return rows.map(([name = '', mpg], i) => ({
    name,
    mpg: Number(mpg),
    features: standardized.map((column) => column[i]!),
  }));
}
