use serde_json::Value;

use super::*;
use crate::render::shelf::Shelf;
use crate::render::specimen::{HOSTILE, incomplete_pack, pack};

fn read(pack: &Pack) -> Value {
    serde_json::from_slice(&Shelf::of(pack, render).0[PATH]).unwrap()
}

#[test]
fn it_has_every_change_and_finding_and_the_exact_text() {
    let pack = pack(60);
    let json = read(&pack);
    let changes = json["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 60);
    let lists = changes.iter().map(|change| &change["findings"]).chain([&json["period_findings"], &json["waiver_findings"]]);
    let findings: usize = lists.map(|list| list.as_array().unwrap().len()).sum();
    assert_eq!(findings, pack.assessments.iter().map(|assessment| assessment.findings.len()).sum::<usize>());
    for (position, text) in [(9, HOSTILE[0]), (29, HOSTILE[2]), (39, HOSTILE[3])] {
        assert!(changes[position]["message"]["text"].as_str().unwrap().starts_with(text));
    }
    assert_eq!(json["statuses"]["arrivals"], 60);
}

#[test]
fn it_follows_its_schema() {
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    for pack in [pack(0), pack(60), incomplete_pack()] {
        let mut faults = Vec::new();
        check(&schema, &schema, &read(&pack), "$", &mut faults);
        assert!(faults.is_empty(), "{faults:?}");
    }
    let mut faults = Vec::new();
    check(&schema, &schema, &serde_json::json!({ "schema": "other" }), "$", &mut faults);
    assert!(faults.len() > 10, "the checker finds faults");
}

/// Checks the part of JSON Schema that the schema uses.
fn check(root: &Value, schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
    let kinds = [
        ("object", value.is_object()),
        ("array", value.is_array()),
        ("string", value.is_string()),
        ("integer", value.is_i64() || value.is_u64()),
        ("boolean", value.is_boolean()),
        ("null", value.is_null()),
    ];
    let mut demand = |holds: bool, what: &str| {
        if !holds {
            faults.push(format!("{at}: {what}"));
        }
    };
    for (keyword, rule) in schema.as_object().unwrap() {
        match keyword.as_str() {
            "type" => demand(kinds.contains(&(rule.as_str().unwrap(), true)), "type"),
            "const" => demand(rule == value, "const"),
            "enum" => demand(rule.as_array().unwrap().contains(value), "enum"),
            "minimum" => demand(value.as_i64() >= rule.as_i64(), "minimum"),
            "pattern" => {
                let pattern = regex::Regex::new(rule.as_str().unwrap()).unwrap();
                demand(value.as_str().is_some_and(|text| pattern.is_match(text)), "pattern");
            }
            "required" => {
                let names = rule.as_array().unwrap().iter().map(|name| name.as_str().unwrap());
                names.for_each(|name| demand(value.get(name).is_some(), name));
            }
            "additionalProperties" => {
                let known = schema["properties"].as_object().unwrap();
                let names = value.as_object().into_iter().flat_map(|object| object.keys());
                names.for_each(|name| demand(known.contains_key(name), name));
            }
            _ => {}
        }
    }
    descend(root, schema, value, at, faults);
}

fn descend(root: &Value, schema: &Value, value: &Value, at: &str, faults: &mut Vec<String>) {
    if let Some(name) = schema["$ref"].as_str() {
        check(root, &root["$defs"][name.trim_start_matches("#/$defs/")], value, at, faults);
    }
    if let Some(choices) = schema["anyOf"].as_array() {
        let fits = |choice| {
            let mut own = Vec::new();
            check(root, choice, value, at, &mut own);
            own.is_empty()
        };
        if !choices.iter().any(fits) {
            faults.push(format!("{at}: fits no choice"));
        }
    }
    for (name, rule) in schema["properties"].as_object().into_iter().flatten() {
        if let Some(value) = value.get(name) {
            check(root, rule, value, &format!("{at}.{name}"), faults);
        }
    }
    for value in value.as_array().into_iter().flatten().filter(|_| !schema["items"].is_null()) {
        check(root, &schema["items"], value, &format!("{at}[]"), faults);
    }
}
