//! Average precision against vectors worked out by hand.

use super::*;

fn bbox(x1: f32, y1: f32, x2: f32, y2: f32) -> BBox {
    BBox::new(x1, y1, x2, y2)
}

fn found(class: &str, confidence: f32, bbox: BBox) -> Detection {
    Detection { class_id: 0, class_name: class.into(), confidence, bbox, is_unknown: false }
}

fn picture(things: &[(&str, BBox)], ignore: &[BBox]) -> LabelledPicture {
    let mut picture = LabelledPicture { ignore: ignore.to_vec(), ..LabelledPicture::default() };
    for (class, bbox) in things {
        picture.things.entry((*class).to_owned()).or_default().push(*bbox);
    }
    picture
}

fn measured(pictures: &[(&[Detection], LabelledPicture)]) -> Accuracy {
    let mut scores = Scores::new(&["car".to_owned(), "person".to_owned()], 0.25);
    for (found, truth) in pictures {
        scores.add(found, truth);
    }
    scores.accuracy().expect("something is labelled")
}

const CAR: BBox = BBox::new(0.0, 0.0, 100.0, 100.0);

#[test]
fn an_exact_box_is_right_at_every_overlap() {
    let accuracy = measured(&[(&[found("car", 0.9, CAR)], picture(&[("car", CAR)], &[]))]);
    assert_eq!((accuracy.ap50, accuracy.ap, accuracy.things, accuracy.pictures), (1.0, 1.0, 1, 1));
    assert_eq!(accuracy.classes.keys().collect::<Vec<_>>(), ["car"], "nobody labelled a person");
}

#[test]
fn a_loose_box_is_right_at_small_overlaps_only() {
    // It shares 72 of 100: right at 0.50, 0.55, 0.60, 0.65 and 0.70.
    let accuracy = measured(&[(&[found("car", 0.9, bbox(0.0, 0.0, 100.0, 72.0))], picture(&[("car", CAR)], &[]))]);
    assert_eq!(accuracy.ap50, 1.0);
    assert!((accuracy.ap - 0.5).abs() < 1e-9, "{}", accuracy.ap);
}

#[test]
fn a_thing_is_found_once_and_by_its_own_class() {
    let boxes = [found("car", 0.9, CAR), found("car", 0.8, CAR), found("person", 0.7, CAR), found("dog", 0.9, CAR)];
    let accuracy = measured(&[(&boxes, picture(&[("car", CAR), ("person", bbox(0.0, 0.0, 9.0, 9.0))], &[]))]);
    let of = |class: &str| (accuracy.classes[class].found, accuracy.classes[class].false_boxes);
    assert_eq!((of("car"), of("person")), ((1, 1), (0, 1)));
    assert_eq!(accuracy.ap50, 0.5);
}

#[test]
fn the_surest_box_takes_the_thing_it_overlaps_most() {
    let (near, far) = (bbox(0.0, 0.0, 100.0, 90.0), bbox(0.0, 40.0, 100.0, 140.0));
    let truth = picture(&[("car", far), ("car", CAR)], &[]);
    let accuracy = measured(&[(&[found("car", 0.9, near), found("car", 0.8, far)], truth)]);
    assert_eq!(accuracy.classes["car"].found, 2);
}

#[test]
fn a_false_box_where_nothing_is_judged_does_not_count() {
    let ignored = bbox(200.0, 0.0, 300.0, 100.0);
    let boxes = |x: f32| [found("car", 0.9, bbox(x, 0.0, x + 100.0, 100.0)), found("car", 0.8, CAR)];
    let truth = picture(&[("car", CAR)], &[ignored]);
    let mostly_inside = measured(&[(&boxes(240.0), truth.clone())]);
    assert_eq!((mostly_inside.ap50, mostly_inside.classes["car"].false_boxes), (1.0, 0));
    let mostly_outside = measured(&[(&boxes(260.0), truth)]);
    assert_eq!((mostly_outside.ap50, mostly_outside.classes["car"].false_boxes), (0.5, 1));
}

#[test]
fn a_thing_inside_an_ignored_part_is_judged_all_the_same() {
    let accuracy = measured(&[(&[found("car", 0.9, CAR)], picture(&[("car", CAR)], &[bbox(0.0, 0.0, 200.0, 200.0)]))]);
    assert_eq!(accuracy.classes["car"].found, 1);
}

#[test]
fn without_a_label_there_is_no_figure() {
    let mut scores = Scores::new(&["car".to_owned()], 0.25);
    scores.add(&[found("car", 0.9, CAR)], &picture(&[], &[]));
    assert_eq!(scores.accuracy(), None);
}

fn accuracy(ap50: f64, ap: f64, found: usize, false_boxes: usize) -> Accuracy {
    let class = ClassAccuracy { things: 100, ap50, ap, found, false_boxes };
    Accuracy { pictures: 10, things: 100, ap50, ap, classes: [("car".to_owned(), class)].into() }
}

#[test]
fn a_copy_that_loses_little_passes() {
    let model = accuracy(0.6, 0.4, 70, 5);
    assert_eq!(Gate::default().judge(&model, &accuracy(0.595, 0.385, 65, 7)), Ok(()));
    assert_eq!(Gate::default().judge(&model, &accuracy(0.7, 0.5, 90, 0)), Ok(()));
}

#[test]
fn every_loss_has_its_refusal() {
    let model = accuracy(0.6, 0.4, 70, 5);
    let refusals = |copy: Accuracy| Gate::default().judge(&model, &copy).expect_err("it lost too much");
    let precision = |figure, before, after, most| Refusal::Precision { figure, before, after, most };
    assert_eq!(refusals(accuracy(0.58, 0.4, 70, 5)), [precision("AP50", 0.6, 0.58, 0.01)]);
    assert_eq!(refusals(accuracy(0.6, 0.37, 70, 5)), [precision("AP50:95", 0.4, 0.37, 0.02)]);
    let missed = Refusal::Missed { class: "car".to_owned(), things: 100, before: 70, after: 64 };
    assert_eq!(refusals(accuracy(0.6, 0.4, 64, 5)), [missed]);
    assert_eq!(refusals(accuracy(0.6, 0.4, 70, 8)), [Refusal::FalseBoxes { before: 5, after: 8 }]);
    assert_eq!(refusals(accuracy(0.0, 0.0, 0, 90)).len(), 4);
    assert_eq!(refusals(accuracy(f64::NAN, 0.4, 70, 5)).len(), 1);
}

#[test]
fn figures_of_other_pictures_are_not_compared() {
    let model = accuracy(0.6, 0.4, 70, 5);
    let other = Accuracy { pictures: 9, ..model.clone() };
    assert_eq!(Gate::default().judge(&model, &other), Err(vec![Refusal::Incomparable]));
}
