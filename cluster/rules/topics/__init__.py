"""The rule files by topic: each module has a RuleFile called FILE, which `shipped` gathers."""
