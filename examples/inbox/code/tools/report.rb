# Monthly report: how many packets came through, gauge by gauge.
require "csv"

EXPECTED_PER_DAY = 144

def share(rows, days)
  rows.length / (EXPECTED_PER_DAY * days).to_f
end

CSV.read(ARGV.fetch(0), headers: true).group_by { |row| row["gauge"] }.each do |gauge, rows|
  puts format("gauge %s: %.1f %%", gauge, 100 * share(rows, Integer(ARGV.fetch(1))))
end
