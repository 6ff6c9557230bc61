#include "app/table_plan.h"

#include <gtest/gtest.h>

namespace tapelake::app {
namespace {

/// The plans of one YAML text and what is wrong with it.
struct Planned {
  std::vector<TablePlan> plans;
  std::vector<config::Problem> problems;
};

Planned Plan(const std::string& yaml) {
  config::Config config = config::DefaultConfig();
  Planned planned;
  planned.problems =
      config::ParseConfig(yaml, "t.yaml", [](const std::string&) { return std::nullopt; }, &config);
  if (planned.problems.empty()) planned.plans = PlanTables(config, &planned.problems);
  return planned;
}

TEST(PlanTables, DefaultIsTheSimulatedTransactions) {
  const Planned planned = Plan("");
  ASSERT_EQ(planned.problems.size(), 0u);
  ASSERT_EQ(planned.plans.size(), 1u);
  EXPECT_EQ(planned.plans[0].definition.QualifiedName(), "crypto.transactions");
  EXPECT_EQ(planned.plans[0].definition.columns.size(), 12u);
  EXPECT_EQ(planned.plans[0].source.kind, "simulator");
}

TEST(PlanTables, DeclaredColumnsReplaceTheDefaultOnes) {
  const Planned planned = Plan(
      "tables:\n"
      "- name: trades\n"
      "  key: id\n"
      "  time: at\n"
      "  buckets: 8\n"
      "  columns:\n"
      "  - {name: id, attribute: trade_id}\n"
      "  - {name: at, type: timestamp(ms)}\n"
      "  - {name: price, type: \"decimal(18,8)\"}\n");
  ASSERT_EQ(planned.problems.size(), 0u) << planned.problems[0].what;
  const record::TableDefinition& table = planned.plans[0].definition;
  ASSERT_EQ(table.columns.size(), 3u);
  EXPECT_EQ(table.columns[0].attribute, "trade_id");
  EXPECT_EQ(table.columns[1].attribute, "at");
  EXPECT_EQ(table.columns[2].scale, 8);
  EXPECT_EQ(table.bucket_count, 8);
  EXPECT_TRUE(planned.plans[0].buckets_stated);
}

TEST(PlanTables, ChangeDataHasHudisNames) {
  EXPECT_FALSE(Plan("").plans.at(0).change_data.has_value());
  EXPECT_FALSE(Plan("").plans.at(0).change_data_stated);
  for (const char* text : {"op_key_only", "data_before", "data_before_after"}) {
    const Planned planned = Plan("tables:\n- {name: a, change_data: " + std::string(text) + "}\n");
    ASSERT_EQ(planned.problems.size(), 0u) << planned.problems[0].what;
    ASSERT_TRUE(planned.plans[0].change_data.has_value());
    std::string name(hudi::CdcLoggingName(*planned.plans[0].change_data));
    for (char& c : name) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    EXPECT_EQ(name, text);
    EXPECT_TRUE(planned.plans[0].change_data_stated);
  }
}

TEST(PlanTables, NamesTheColumnAndPlaceOfAWrongType) {
  const Planned planned =
      Plan("tables:\n- name: a\n  columns:\n  - {name: transaction_id, type: text}\n");
  ASSERT_EQ(planned.problems.size(), 1u);
  EXPECT_EQ(planned.problems[0].place, "t.yaml:4:5");
  EXPECT_NE(planned.problems[0].what.find("'transaction_id': unknown column type 'text'"),
            std::string::npos);
}

TEST(PlanTables, RefusesATableWithoutItsKeyColumn) {
  const Planned planned = Plan("tables:\n- {name: a, key: nothing}\n");
  ASSERT_EQ(planned.problems.size(), 1u);
  EXPECT_EQ(planned.problems[0].place, "t.yaml:2:3");
  EXPECT_NE(planned.problems[0].what.find("nothing"), std::string::npos);
}

TEST(PlanTables, RefusesUnknownSpeeds) {
  const Planned planned =
      Plan("tables:\n- {name: a, source: {kind: files, paths: [x], speed: fast}}\n");
  ASSERT_EQ(planned.problems.size(), 1u);
  EXPECT_NE(planned.problems[0].what.find("source.speed = 'fast'"), std::string::npos);
}

TEST(ParseSpeed, KnowsThreeForms) {
  EXPECT_EQ(ParseSpeed("recorded"), 1);
  EXPECT_EQ(ParseSpeed("max"), 0);
  EXPECT_EQ(ParseSpeed("10x"), 10);
  EXPECT_EQ(ParseSpeed("0.5x"), 0.5);
  for (const char* bad : {"", "x", "0x", "-1x", "10", "10xx", "fast", "nanx", "infx", "1e400x"}) {
    EXPECT_FALSE(ParseSpeed(bad)) << bad;
  }
}

TEST(FindTablePlan, FallsBackToTheColumnsOfCryptoTransactions) {
  const Result<TablePlan> plan = FindTablePlan({}, "other.name", 16, "");
  ASSERT_TRUE(plan.ok()) << plan.status().ToString();
  EXPECT_EQ(plan->definition.QualifiedName(), "other.name");
  EXPECT_EQ(plan->definition.columns.size(), 12u);
  EXPECT_EQ(plan->definition.bucket_count, 16);
}

TEST(FindTablePlan, RefusesNamesOfAnotherForm) {
  for (const char* bad : {"", "transactions", ".transactions", "crypto.", "a.b.c", "../x.y"}) {
    EXPECT_FALSE(FindTablePlan({}, bad, 0, "").ok()) << bad;
  }
}

}  // namespace
}  // namespace tapelake::app
