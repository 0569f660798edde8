// A window with every parameter and button of the bridge, as the table has them.
AntiphonWindow {
	var <window, <views, antiphon;

	*new { |antiphon| ^super.new.init(antiphon) }

	init { |bridge|
		var previous = bridge.onValue;
		antiphon = bridge;
		views = IdentityDictionary[];
		window = Window("Antiphon", Rect(100, 100, 640, 560), scroll: true);
		window.view.decorator = FlowLayout(Rect(0, 0, 620, 10000));
		AntiphonTable.controls.do { |control| this.prRow(*control) };
		bridge.onValue = { |path, value|
			previous.value(path, value);
			{ views[path] !? { |show| show.value(value) } }.defer
		};
		window.onClose = { bridge.onValue = previous };
		window.front;
	}

	prRow { |path, kind, label|
		var now = antiphon.get(path), view;
		switch (kind,
			\button, {
				Button(window, 180 @ 22).states_([[label]]).action_({ antiphon.send(path) })
			},
			\toggle, {
				view = CheckBox(window, 610 @ 22, label).value_(now.asInteger > 0);
				view.action_({ antiphon.set(path, view.value) });
				views[path] = { |value| view.value = value > 0 }
			},
			\menu, {
				StaticText(window, 160 @ 22).string_(label);
				view = PopUpMenu(window, 440 @ 22).items_(AntiphonTable.choices[path]);
				view.value = AntiphonTable.choices[path].indexOf(now.asSymbol) ? 0;
				view.action_({ antiphon.set(path, view.item) });
				views[path] = { |value| view.value = AntiphonTable.choices[path].indexOf(value.asSymbol) ? 0 }
			},
			\text, {
				StaticText(window, 160 @ 22).string_(label);
				view = TextField(window, 440 @ 22).string_(now.asString);
				view.action_({ antiphon.set(path, view.string) });
				views[path] = { |value| view.string = value.asString }
			},
			{
				view = EZSlider(
					window, 610 @ 22, label, AntiphonTable.specs[path],
					{ |slider| antiphon.set(path, slider.value) }, now, labelWidth: 160, unitWidth: 40
				);
				views[path] = { |value| view.value = value }
			}
		)
	}
}
